// The facts about a machine that decisions are made from: files of /proc, /sys, /etc and /dev, read below a root, so that
// a copied tree of another machine answers like the machine itself. What no file tells (free space, the kernel's log)
// is asked of the system when the root is /, and read from KBOX_FACTS in a copied tree.
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { listFacts, readFact, readLinkFact } from './fact_tree.ts'
import { readKmsg } from './kmsg.ts'

/** Folder of a copied tree with what no file tells: `free` (folder and bytes, a line each) and `dmesg`. */
const KBOX_FACTS = 'kbox-facts'
/** No file of /proc or /sys that we look at is longer; a log is cut. */
const TEXT_SIZE_MAX = 1 << 22

/** The facts below one root. Remembers what was read, so that it can be exported. */
export class Facts {
  readonly root: string
  readonly #texts = new Map<string, string | undefined>()
  readonly #names = new Map<string, readonly string[]>()

  constructor(root = '/') {
    this.root = root
  }

  /** Is this the machine we run on? */
  get isLive(): boolean {
    return path.resolve(this.root) === '/'
  }

  /** Path of a fact in this machine's file system. */
  at(file: string): string {
    return path.join(this.root, file)
  }

  /** Read a file, without the white space around it; undefined if it cannot be read. */
  text(file: string): string | undefined {
    if (this.#texts.has(file)) return this.#texts.get(file)
    const text = readFact(this.root, file)?.slice(0, TEXT_SIZE_MAX)
    this.#texts.set(file, text)
    return text
  }

  /** Names in a folder, sorted; none if there is no such folder. */
  names(folder: string): readonly string[] {
    const known = this.#names.get(folder)
    if (known) return known
    const names = listFacts(this.root, folder)
    this.#names.set(folder, names)
    return names
  }

  /** Is there such a file, folder or link? */
  has(file: string): boolean {
    return lstatSync(this.at(file), { throwIfNoEntry: false }) !== undefined
  }

  /** Permission bits of a file, undefined if it is not there. */
  mode(file: string): number | undefined {
    const stat = statSync(this.at(file), { throwIfNoEntry: false })
    return stat && stat.mode & 0o7777
  }

  /** The first bytes of a file, undefined if it cannot be read. */
  bytes(file: string, size: number): Uint8Array | undefined {
    try {
      const fd = openSync(this.at(file), 'r')
      try {
        const bytes = new Uint8Array(size)
        return bytes.subarray(0, readSync(fd, bytes, 0, size, 0))
      } finally {
        closeSync(fd)
      }
    } catch {
      return undefined
    }
  }

  sizeBytes(file: string): number | undefined {
    return statSync(this.at(file), { throwIfNoEntry: false })?.size
  }

  /** Name of what a link leads to at last, '' if it leads nowhere. */
  linkName(link: string): string {
    return readLinkFact(this.root, link) ?? ''
  }

  /** Free bytes of the file system that holds a folder, undefined if that is not known. */
  freeBytes(folder: string): number | undefined {
    if (!this.isLive) return this.#told(folder)
    try {
      const { bavail, bsize } = statfsSync(folder)
      return bavail * bsize
    } catch {
      return undefined
    }
  }

  /** The kernel's log as dmesg prints it, '' if it may not be read. */
  kernelLog(): string {
    if (!this.isLive) return this.text(`${KBOX_FACTS}/dmesg`) ?? ''
    try {
      return readKmsg()
    } catch {
      return ''
    }
  }

  /** Copy all that was read into `folder`, which then answers as this does; returns the number of files. */
  exportTo(folder: string): number {
    let count = 0
    const write = (file: string, text: string): void => {
      const to = path.join(folder, file)
      mkdirSync(path.dirname(to), { recursive: true })
      writeFileSync(to, text)
      count++
    }
    for (const [name, names] of this.#names) {
      for (const file of names) {
        const inside = path.join(name, file)
        if (statSync(this.at(inside), { throwIfNoEntry: false })?.isDirectory())
          mkdirSync(path.join(folder, inside), { recursive: true })
        else if (!this.#texts.has(inside)) write(inside, '')
      }
    }
    for (const [file, text] of this.#texts) if (text !== undefined) write(file, `${text}\n`)
    write(`${KBOX_FACTS}/dmesg`, this.kernelLog())
    return count
  }

  #told(folder: string): number | undefined {
    const text = this.text(`${KBOX_FACTS}/free`) ?? ''
    for (const line of text.split('\n')) {
      const [, name, bytes] = /^(\S+) (\d+)$/.exec(line) ?? []
      if (name === folder) return Number(bytes)
    }
    return undefined
  }
}
