// What makes a kernel less trustworthy: taints. Source: kernel/panic.c taint_flags[], include/linux/panic.h.
import { KdumpError } from '../base/errors.ts'
import type { Program } from '../program/program.ts'

/** One kind of taint. */
export interface TaintFlag {
  readonly bit: number
  /** The letter an oops shows when the bit is set. */
  readonly set: string
  /** The letter (or blank) when it is clear. */
  readonly clear: string
  /** What the kernel calls it, such as PROPRIETARY_MODULE; '' in older kernels. */
  readonly description: string
}

/** Letters since v2.6.9, by bit; newer bits only ever follow. @source Documentation/admin-guide/tainted-kernels.rst */
const KNOWN_LETTERS = 'PFSRMBUDAWCIOELKXTNJ'
/** Taints are bits of an unsigned long. */
const TAINT_LIMIT = 64

/** The taints this kernel knows, by bit: from its own table, or where that cannot be read from ours. */
export function taintFlags(program: Program): TaintFlag[] {
  try {
    return readTaintFlags(program)
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    return Array.from(KNOWN_LETTERS, (set, bit) => ({
      bit,
      set,
      clear: bit === 0 ? 'G' : ' ',
      description: '',
    }))
  }
}

function readTaintFlags(program: Program): TaintFlag[] {
  const symbol = program.findSymbol('taint_flags')
  // The symbol's size reaches to the next symbol: entries end where the letters do.
  const count = Math.min(
    TAINT_LIMIT,
    Math.floor((symbol?.size ?? 0) / program.sizeof('struct taint_flag')),
  )
  const table = program.object('taint_flags', `struct taint_flag [${count}]`)
  const flags: TaintFlag[] = []
  for (const entry of table) {
    const set = entry.number('c_true')
    if (set < 0x20 || set > 0x7e) break
    flags.push({
      bit: flags.length,
      set: String.fromCharCode(set),
      clear: String.fromCharCode(entry.number('c_false')),
      // Kernels since v6.11 or so have it.
      description: entry.find('desc')?.string() ?? '',
    })
  }
  return flags
}

/** `tainted_mask`, a bit a taint. */
export function taintedMask(program: Program): bigint {
  return program.object('tainted_mask').bigint()
}

/** Letters of the bits set, in bit order; '' for none. */
export function taintLetters(flags: readonly TaintFlag[], mask: bigint): string {
  return flags
    .filter(({ bit }) => mask & (1n << BigInt(bit)))
    .map(({ set }) => set)
    .join('')
}
