// Machine checks: what a bank of registers said of an error, decoded. Source: Intel SDM volume 3, chapter "Machine-Check
// Architecture" (IA32_MCi_STATUS, compound error codes); arch/x86/include/uapi/asm/mce.h struct mce.
import { attempt } from '../base/errors.ts'
import { perCpu } from '../kernel/percpu.ts'
import type { Program } from '../program/program.ts'
import type { LogLine } from './trouble.ts'

/** One error. */
export interface MachineCheck {
  readonly cpu: number
  readonly bank: number
  readonly status: bigint
  /** Undefined where the status says there is none. */
  readonly address: bigint | undefined
  /** Where it was read from; undefined for one the log told. */
  readonly place: bigint | undefined
}

const bit = (status: bigint, at: number): boolean => ((status >> BigInt(at)) & 1n) !== 0n

/** Bits of IA32_MCi_STATUS. */
export const MCI_STATUS = {
  VAL: 63,
  OVER: 62,
  UC: 61,
  EN: 60,
  MISCV: 59,
  ADDRV: 58,
  PCC: 57,
} as const

const FLAG_TEXTS: readonly (readonly [at: number, text: string])[] = [
  [MCI_STATUS.UC, 'uncorrected'],
  [MCI_STATUS.PCC, 'processor context corrupt'],
  [MCI_STATUS.OVER, 'earlier errors were lost'],
]

/** `uncorrected, processor context corrupt: cache hierarchy error, level 2`. */
export function statusText(status: bigint): string {
  const flags = FLAG_TEXTS.filter(([at]) => bit(status, at)).map(([, text]) => text)
  const severity = bit(status, MCI_STATUS.UC) ? flags : ['corrected', ...flags]
  return `${severity.join(', ')}: ${errorText(Number(status & 0xffffn))}`
}

/** Error codes that are one number. */
const SIMPLE: Readonly<Record<number, string>> = {
  0: 'no error reported',
  1: 'unclassified error',
  2: 'parity error in the microcode',
  3: 'error signalled from outside',
  4: 'functional redundancy check error',
  5: 'internal parity error',
  6: 'SMM handler code outside of its memory',
  0x400: 'internal timer error (a core made no progress)',
  0xe0b: 'I/O error',
}
const LEVELS = ['level 0', 'level 1', 'level 2', 'any level']
const REQUESTS = [
  'generic',
  'read',
  'write',
  'data read',
  'data write',
  'instruction fetch',
  'prefetch',
  'eviction',
  'snoop',
]
const TYPES = ['instruction', 'data', 'generic', 'unknown']
const MEMORY = ['generic', 'read', 'write', 'address or command', 'scrubbing']

/** The low 16 bits: a simple code, or one composed of what was done where. */
function errorText(code: number): string {
  const simple = SIMPLE[code]
  if (simple !== undefined) return simple
  // Bit 12 says that corrections are counted no more.
  const compound = code & ~0x1000
  const level = LEVELS[compound & 3] ?? ''
  const type = TYPES[(compound >> 2) & 3] ?? ''
  const request = REQUESTS[(compound >> 4) & 0xf] ?? 'unknown request'
  if ((compound & 0xfffc) === 0x000c) return `cache hierarchy error, ${level}`
  if ((compound & 0xfff0) === 0x0010) return `TLB error, ${type}, ${level}`
  if ((compound & 0xff80) === 0x0080) {
    const channel = compound & 0xf
    return `memory controller error, ${MEMORY[(compound >> 4) & 7] ?? 'unknown'}${channel === 0xf ? '' : `, channel ${channel}`}`
  }
  if ((compound & 0xff00) === 0x0100) return `cache error, ${type}, ${level}, ${request}`
  if ((compound & 0xf800) === 0x0800) return `bus or interconnect error, ${level}, ${request}`
  if ((compound & 0xfc00) === 0x0400) return `internal error (code 0x${code.toString(16)})`
  return `error code 0x${code.toString(16)}`
}

/** Offsets in struct mce, which user space knows too and which therefore stay. */
const MCE = { status: 0n, addr: 16n, bank: 65n, cpu: 66n, extcpu: 68n }

/** What each CPU saw when the machine died of it. @source arch/x86/kernel/cpu/mce/core.c mces_seen */
export function seenMachineChecks(program: Program, cpus: readonly number[]): MachineCheck[] {
  if (!program.hasSymbol('mces_seen')) return []
  return cpus.flatMap(
    (cpu) =>
      attempt(() => {
        const place = perCpu(program, 'mces_seen', cpu, 'char').address
        const { memory } = program
        const status = memory.u64(place + MCE.status)
        if (!bit(status, MCI_STATUS.VAL)) return []
        const address = bit(status, MCI_STATUS.ADDRV) ? memory.u64(place + MCE.addr) : undefined
        return [
          {
            cpu: memory.u32(place + MCE.extcpu),
            bank: memory.u8(place + MCE.bank),
            status,
            address,
            place,
          },
        ]
      }) ?? [],
  )
}

/** "mce: [Hardware Error]: CPU 0: Machine Check Exception: 5 Bank 4: b200000000070f0f", and "Machine Check: 0" when polled. */
const PRINTED =
  /\[Hardware Error\]: CPU (\d+): Machine Check(?: Exception)?: (?:[\da-f]+ )?Bank (\d+): ([\da-f]{16})/
/** "mce: [Hardware Error]: TSC 0 ADDR 12345000 MISC …" on the next line or the one after. */
const PRINTED_ADDRESS = /\[Hardware Error\]: .*\bADDR ([\da-f]+)/

/** What the log tells of machine checks, oldest first. */
export function printedMachineChecks(lines: readonly LogLine[]): MachineCheck[] {
  return lines.flatMap(({ text }, index) => {
    const [, cpu, bank, status] = PRINTED.exec(text) ?? []
    if (cpu === undefined || bank === undefined || status === undefined) return []
    const next = lines.slice(index + 1, index + 4).map((line) => line.text)
    const end = next.findIndex((line) => PRINTED.test(line))
    const hex = (end < 0 ? next : next.slice(0, end))
      .map((line) => PRINTED_ADDRESS.exec(line)?.[1])
      .find((found) => found !== undefined)
    const address = hex === undefined ? undefined : BigInt(`0x${hex}`)
    return [
      {
        cpu: Number(cpu),
        bank: Number(bank),
        status: BigInt(`0x${status}`),
        address,
        place: undefined,
      },
    ]
  })
}
