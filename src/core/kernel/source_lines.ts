// Source files of functions, and lines where they are known, without DWARF. The bug table says file and line of every BUG()
// and WARN(), other tables those of messages; ld keeps what was compiled together together, so that what lies between two
// functions of one file is of that file too. Measured on Debian's kernels against DWARF (test/compat/source_lines.test.ts):
// 37 % of the functions, 99.5 % of them right; what is wrong are files that another one includes.
import { KdumpError } from '../base/errors.ts'
import type { KernelSymbol, SymbolIndex } from '../debuginfo/symbol_index.ts'
import type { Program } from '../program/program.ts'
import { findBug, forEachBugEntry } from './bug.ts'
import { forEachSourceSite } from './call_site_tables.ts'

/**
 * How a source file is known. 'exact': this very instruction is a BUG() or WARN(), file and line are the kernel's own
 * words. 'function': the kernel names this file for some place within this function. 'link order': functions of this
 * file lie before and behind it.
 */
export type SourceConfidence = 'exact' | 'function' | 'link order'

/** Where an address is from. */
export interface SourceLine {
  readonly file: string
  /** Known for 'exact' only. */
  readonly line?: number
  readonly confidence: SourceConfidence
}

/** The source of an address of kernel or module text; undefined where nothing says it. */
export function sourceLine(program: Program, address: bigint): SourceLine | undefined {
  const bug = findBug(program, address)
  if (bug && bug.file !== '') return { file: bug.file, line: bug.line, confidence: 'exact' }
  const symbol = program.symbolAt(address)
  return symbol && sourceFile(program, symbol)
}

/** The source file of a function; undefined where nothing says it, or it is no function. */
export function sourceFile(program: Program, symbol: KernelSymbol): SourceLine | undefined {
  return filesOf(program, symbol.module)?.get(symbol.address)
}

/** `mm/slub.c: 345`, `mm/slub.c (by link order)`: what is not certain is never shown without saying so. */
export function formatSourceLine({ file, line, confidence }: SourceLine): string {
  switch (confidence) {
    case 'exact':
      return `${file}: ${line}`
    case 'function':
      return `${file} (line unknown)`
    case 'link order':
      return `${file} (by link order, line unknown)`
  }
}

type Files = ReadonlyMap<bigint, SourceLine>

const known = new WeakMap<Program, Map<string, Files>>()

/** Files of functions by their address, of the kernel ('') or of one module. */
function filesOf(program: Program, module: string): Files | undefined {
  let byModule = known.get(program)
  if (!byModule) {
    byModule = new Map()
    known.set(program, byModule)
  }
  let files = byModule.get(module)
  if (!files) {
    const index = symbolsOf(program, module)
    if (!index) return undefined
    files = findFiles(program, index)
    byModule.set(module, files)
  }
  return files
}

function symbolsOf(program: Program, module: string): SymbolIndex | undefined {
  if (module === '') return program.kernelSymbols
  return program.modules.find(({ name }) => name === module)?.symbols()
}

/** Functions of a table in address order, each with what names its file. */
function findFiles(program: Program, index: SymbolIndex): Files {
  const functions = listFunctions(index)
  const named = nameFiles(program, index)
  const files = new Map<bigint, SourceLine>()
  // Position of the last function whose file is known, and that file.
  let last = -1
  let lastFile = ''
  functions.forEach(({ address, isBoundary }, i) => {
    if (isBoundary) last = -1
    const file = named.get(address)
    if (file === undefined) return
    if (last >= 0 && lastFile === file) {
      for (const { address: between } of functions.slice(last + 1, i))
        files.set(between, { file, confidence: 'link order' })
    }
    files.set(address, { file, confidence: 'function' })
    last = i
    lastFile = file
  })
  return files
}

interface TextSymbol {
  readonly address: bigint
  readonly name: string
  /** Does a section begin here? Link order ends. */
  readonly isBoundary: boolean
}

/** Where sections of text begin or end. Source: include/asm-generic/vmlinux.lds.h */
const BOUNDARY =
  /^(?:_s?text|_etext|_sinittext|_einittext|__\w+_text_(?:start|end)|__alt_\w+|__exittext\w*)$/

function listFunctions(index: SymbolIndex): TextSymbol[] {
  const functions: TextSymbol[] = []
  for (const { name, address, type } of index.forEach()) {
    if (!/^[tTwW]$/.test(type)) continue
    const before = functions.at(-1)
    const isBoundary = BOUNDARY.test(name)
    if (before?.address !== address) functions.push({ address, name, isBoundary })
    else if (isBoundary) functions[functions.length - 1] = { ...before, isBoundary }
  }
  return functions
}

/** Files that tables name, by the address of the function. A header says nothing: its functions are inlined all over. */
function nameFiles(program: Program, index: SymbolIndex): Map<bigint, string> {
  const votes = new Map<bigint, Map<string, number>>()
  const vote = (address: bigint, file: string): void => {
    const counts = votes.get(address) ?? new Map<string, number>()
    counts.set(file, (counts.get(file) ?? 0) + 1)
    votes.set(address, counts)
  }
  attempt(() => {
    for (const { address, file, module } of forEachBugEntry(program)) {
      if (module !== index.module || !isCompiled(file)) continue
      const symbol = index.findAddress(address)
      if (symbol) for (const at of sameFunction(index, symbol)) vote(at, file)
    }
  })
  attempt(() => {
    for (const { function: name, file, module } of forEachSourceSite(program)) {
      if (module !== index.module || !isCompiled(file)) continue
      // Two static functions of one name: which of them is not said.
      const found = index.findAll(name)
      if (found.length === 1)
        for (const at of sameFunction(index, found[0] as KernelSymbol)) vote(at, file)
    }
  })
  return new Map(Array.from(votes, ([address, counts]) => [address, mostVoted(counts)]))
}

const isCompiled = (file: string): boolean => /\.(?:c|S|rs)$/.test(file)

/** The function and the parts the compiler cut off it: `foo`, `foo.cold`, `__pfx_foo`. */
function sameFunction(index: SymbolIndex, { name, address }: KernelSymbol): bigint[] {
  const base = name.replace(/\.cold(?:\.\d+)?$/, '').replace(/^__pfx_/, '')
  const parts = [base, `${base}.cold`, `__pfx_${base}`].flatMap((part) => {
    const found = index.findAll(part)
    return found.length === 1 ? found : []
  })
  return [...new Set([address, ...parts.map((part) => part.address)])]
}

function mostVoted(counts: ReadonlyMap<string, number>): string {
  let best = ''
  let most = 0
  for (const [file, count] of counts) {
    if (count <= most) continue
    best = file
    most = count
  }
  return best
}

/** A damaged or missing table costs what it says, not the others. */
function attempt(read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
  }
}
