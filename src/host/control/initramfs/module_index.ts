// The kernel's modules as depmod lists them: which file is which, what must be loaded before it.
// Source: kmod's modules.dep(5), modules.softdep, modules.alias, modules.builtin.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'

/** A module and its file. */
export interface KernelModule {
  /** As lsmod shows it, with underscores. */
  readonly name: string
  /** Path of the .ko, .ko.xz, .ko.zst or .ko.gz. */
  readonly file: string
  /** Parameters for insmod, `name=value`; absent for none. */
  readonly parameters?: readonly string[]
}

/** Modules in the order insmod must see them. */
export interface LoadOrder {
  /** What to load, first to last; nothing appears before what it needs. */
  readonly modules: readonly KernelModule[]
  /** Names that are neither a module, an alias nor built in. */
  readonly missing: readonly string[]
  /** Modules that something asked for and that were to be left out. */
  readonly omitted: readonly string[]
}

interface Softdep {
  readonly pre: readonly string[]
  readonly post: readonly string[]
}

/** The modules of one kernel release. */
export class ModuleIndex {
  readonly directory: string
  readonly #files = new Map<string, string>()
  readonly #needs = new Map<string, readonly string[]>()
  readonly #builtin = new Set<string>()
  readonly #softdeps = new Map<string, Softdep>()
  #aliases: readonly (readonly [RegExp, string])[] | undefined

  /**
   * @param directory such as /lib/modules/6.1.0-56-cloud-amd64
   * @throws {HostError} if depmod has not run there
   */
  constructor(directory: string) {
    this.directory = directory
    const dep = readText(path.join(directory, 'modules.dep'))
    if (dep === undefined) {
      throw new HostError(
        `${path.join(directory, 'modules.dep')} is missing: install the kernel's modules, or run depmod`,
        'ENOENT',
      )
    }
    for (const line of dep.split('\n')) this.#addDependency(line)
    for (const line of this.#lines('modules.builtin')) this.#builtin.add(moduleName(line))
    for (const line of this.#lines('modules.softdep')) this.#addSoftdep(line)
  }

  isBuiltin(name: string): boolean {
    return this.#builtin.has(moduleName(name))
  }

  /** Find the modules a name or modalias stands for: itself, or those whose alias pattern matches. */
  find(nameOrAlias: string): readonly string[] {
    const name = moduleName(nameOrAlias)
    if (this.#files.has(name) || this.#builtin.has(name)) return [name]
    const found = new Set<string>()
    for (const [pattern, target] of this.#aliasPatterns())
      if (pattern.test(nameOrAlias)) found.add(target)
    return [...found]
  }

  /**
   * Order modules and all they need, hard and soft dependencies alike. Built-in ones need no loading.
   *
   * @param omit modules to leave out, whoever needs them
   */
  order(names: readonly string[], omit: readonly string[] = []): LoadOrder {
    const modules = new Map<string, KernelModule>()
    const missing: string[] = []
    const unwanted = new Set(omit.map(moduleName))
    const omitted = new Set<string>()
    const visiting = new Set<string>()
    const visit = (wanted: string, isSoft: boolean): void => {
      const found = this.find(wanted)
      if (found.length === 0 && !isSoft) missing.push(wanted)
      for (const name of found) {
        const file = this.#files.get(name)
        if (file === undefined || modules.has(name) || visiting.has(name)) continue
        if (unwanted.has(name)) {
          omitted.add(name)
          continue
        }
        // Distributions split their modules over packages; a soft dependency may not be installed.
        if (isSoft && !existsSync(file)) continue
        visiting.add(name)
        const soft = this.#softdeps.get(name)
        for (const pre of soft?.pre ?? []) visit(pre, true)
        for (const need of this.#needs.get(name) ?? []) visit(need, false)
        modules.set(name, { name, file })
        for (const post of soft?.post ?? []) visit(post, true)
      }
    }
    for (const name of names) visit(name, false)
    return { modules: [...modules.values()], missing, omitted: [...omitted] }
  }

  #addDependency(line: string): void {
    const colon = line.indexOf(':')
    if (colon < 0) return
    const file = line.slice(0, colon)
    const name = moduleName(file)
    this.#files.set(name, path.resolve(this.directory, file))
    this.#needs.set(
      name,
      line
        .slice(colon + 1)
        .split(' ')
        .filter(Boolean)
        .map(moduleName),
    )
  }

  /** `softdep NAME pre: A B post: C`. */
  #addSoftdep(line: string): void {
    const [keyword, name, ...words] = line.split(/\s+/)
    if (keyword !== 'softdep' || !name) return
    const before = this.#softdeps.get(moduleName(name))
    const pre = [...(before?.pre ?? [])]
    const post = [...(before?.post ?? [])]
    let list: string[] | undefined
    for (const word of words) {
      if (word === 'pre:') list = pre
      else if (word === 'post:') list = post
      else list?.push(word)
    }
    this.#softdeps.set(moduleName(name), { pre, post })
  }

  /** Read lazily: a distribution's modules.alias has tens of thousands of lines. */
  #aliasPatterns(): readonly (readonly [RegExp, string])[] {
    this.#aliases ??= this.#lines('modules.alias').flatMap((line) => {
      const match = /^alias (\S+) (\S+)$/.exec(line)
      return match?.[1] && match[2] ? [[globPattern(match[1]), moduleName(match[2])] as const] : []
    })
    return this.#aliases
  }

  #lines(name: string): string[] {
    return (readText(path.join(this.directory, name)) ?? '')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'))
  }
}

/** Name a module after its file: `kernel/fs/xfs/xfs.ko.xz` is `xfs`; dashes become underscores, as in lsmod. */
export function moduleName(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1)
  return base.replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_')
}

/** fnmatch(3) patterns as depmod writes them: `*`, `?` and `[…]`. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/\[[^\]]*\]|[^\w]/g, (part) => {
    if (part === '*') return '.*'
    if (part === '?') return '.'
    return part.length > 1 ? part : `\\${part}`
  })
  return new RegExp(`^${source}$`)
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
