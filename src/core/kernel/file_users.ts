// Who uses a file: as root or working directory, through a descriptor, or mapped into memory.
import { attempt } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import { dPath } from './dcache.ts'
import { fileInode, filePath, fileUserPath, forEachFile, taskCwd, taskRoot } from './fs.ts'
import { forEachVma, taskMm } from './mm.ts'
import type { Task } from './sched.ts'

/** How a task uses a file, in crash's words. */
export type FileUse = 'root' | 'cwd' | 'fd' | 'mmap'

/** What is looked for: the address of an inode, or a path as `files` shows it. */
export type FileReference = { readonly inode: bigint } | { readonly path: string }

/** Finds the uses of one file; what threads share is looked at once. */
export class FileUserSearch {
  readonly #matches: (path: KObject) => boolean
  readonly #descriptors = new Map<bigint, boolean>()
  readonly #mappings = new Map<bigint, boolean>()

  constructor(reference: FileReference) {
    this.#matches =
      'inode' in reference
        ? (path) => path.pointer('dentry.d_inode') === reference.inode
        : pathMatcher(reference.path)
    this.#inode = 'inode' in reference ? reference.inode : undefined
  }

  readonly #inode: bigint | undefined

  /** How a task uses the file; empty if it does not. What cannot be read is no use. */
  usesOf(task: Task): FileUse[] {
    const uses: FileUse[] = []
    const root = attempt(() => taskRoot(task))
    const cwd = attempt(() => taskCwd(task))
    if (root && attempt(() => this.#matches(root))) uses.push('root')
    if (cwd && attempt(() => this.#matches(cwd))) uses.push('cwd')
    if (
      this.#shared(
        this.#descriptors,
        () => task.pointer('files'),
        () => this.#opens(task),
      )
    )
      uses.push('fd')
    if (
      this.#shared(
        this.#mappings,
        () => taskMm(task)?.address ?? 0n,
        () => this.#maps(task),
      )
    )
      uses.push('mmap')
    return uses
  }

  #shared(known: Map<bigint, boolean>, key: () => bigint, look: () => boolean): boolean {
    const address = attempt(key) ?? 0n
    if (address === 0n) return false
    const before = known.get(address)
    if (before !== undefined) return before
    const found = attempt(look) ?? false
    known.set(address, found)
    return found
  }

  #opens(task: Task): boolean {
    for (const { file } of forEachFile(task)) if (this.#isFile(file, filePath(file))) return true
    return false
  }

  #maps(task: Task): boolean {
    const mm = taskMm(task)
    for (const vma of mm ? forEachVma(mm) : []) {
      const pointer = vma.get('vm_file')
      if (pointer.isNull()) continue
      const file = pointer.deref()
      if (attempt(() => this.#isFile(file, fileUserPath(file)))) return true
    }
    return false
  }

  /** A file opened by its inode alone may be known by an inode its path does not lead to: a device's. */
  #isFile(file: KObject<'file'>, path: KObject<'path'>): boolean {
    return (
      attempt(() => this.#matches(path)) === true ||
      (this.#inode !== undefined && attempt(() => fileInode(file).address) === this.#inode)
    )
  }
}

/** Paths are made once for each dentry on each mount: thousands of tasks map the same few files. */
function pathMatcher(wanted: string): (path: KObject) => boolean {
  const known = new Map<bigint, Map<bigint, boolean>>()
  return (path) => {
    const mount = path.pointer('mnt')
    const dentry = path.pointer('dentry')
    const ofMount = known.get(mount) ?? new Map<bigint, boolean>()
    known.set(mount, ofMount)
    const before = ofMount.get(dentry)
    if (before !== undefined) return before
    const text = dPath(path)
    const found = text === wanted || text === `${wanted} (deleted)`
    ofMount.set(dentry, found)
    return found
  }
}
