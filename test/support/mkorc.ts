// Writes ORC tables of any of the four layouts, from lines such as `ffffffff81000000 sp+16 prev_sp-16 call signal`.
// The second word is the stack pointer rule, the third the frame pointer's; `-` stands for undefined.
// Source: arch/x86/include/asm/orc_types.h as of v5.0, v6.3, v6.4 and v7.1.

/** A finished pair of tables. */
export interface OrcImage {
  readonly ips: Uint8Array
  readonly entries: Uint8Array
  readonly count: number
}

const REGISTERS = {
  1: ['-', 'prev_sp', 'dx', 'di', 'bp', 'sp', 'r10', 'r13', 'bp_indirect', 'sp_indirect'],
  4: ['-', 'ax', 'dx', 'sp', 'bp', 'di', 'r10', 'r13', 'prev_sp', 'sp_indirect', 'bp_indirect'],
}
const TYPES_1 = ['call', 'regs', 'regs_partial']
const TYPES_3 = ['undefined', 'end_of_stack', 'call', 'regs', 'regs_partial']

/** @param ipsAt address of the ip table, whose words are relative to their own place */
export function mkorc(text: string, version: 1 | 2 | 3 | 4, ipsAt: bigint): OrcImage {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const ips = new DataView(new ArrayBuffer(lines.length * 4))
  const entries = new DataView(new ArrayBuffer(lines.length * 6))
  lines.forEach((line, row) => {
    const [ip = '0', sp = '-', bp = '-', type = 'call', signal] = line.split(/\s+/)
    ips.setInt32(row * 4, Number(BigInt(`0x${ip}`) - (ipsAt + BigInt(row * 4))), true)
    const spRule = parseRule(sp, version)
    const bpRule = parseRule(bp, version)
    entries.setInt16(row * 6, spRule.offset, true)
    entries.setInt16(row * 6 + 2, bpRule.offset, true)
    const bits =
      spRule.register | (bpRule.register << 4) | (typeBits(type, signal === 'signal', version) << 8)
    entries.setUint16(row * 6 + 4, bits, true)
  })
  return {
    ips: new Uint8Array(ips.buffer),
    entries: new Uint8Array(entries.buffer),
    count: lines.length,
  }
}

function parseRule(rule: string, version: number): { register: number; offset: number } {
  const [, name = '-', offset = '0'] = /^([a-z_0-9]+|-)([+-]\d+)?$/.exec(rule) ?? []
  const register = REGISTERS[version === 4 ? 4 : 1].indexOf(name)
  if (register < 0) throw new Error(`unknown ORC register in '${rule}'`)
  return { register, offset: Number(offset) }
}

/** v1: type:2 end:1; v2: type:2 signal:1 end:1; v3 and v4: type:3 signal:1. */
function typeBits(type: string, signal: boolean, version: number): number {
  if (version >= 3) return TYPES_3.indexOf(type) | (signal ? 8 : 0)
  const end = type === 'end_of_stack'
  const kind = Math.max(0, TYPES_1.indexOf(type))
  if (version === 2) return kind | (signal ? 4 : 0) | (end ? 8 : 0)
  return kind | (end ? 4 : 0)
}
