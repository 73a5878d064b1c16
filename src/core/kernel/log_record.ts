// One record of the kernel log, whichever buffer it lay in.

/** One record of the kernel log. */
export interface LogRecord {
  readonly seq: bigint
  /** Nanoseconds since boot. */
  readonly tsNsec: bigint
  /** 0 (emergency) to 7 (debug). */
  readonly level: number
  readonly facility: number
  /** Task id, or CPU number with bit 31 set; undefined before v5.1. */
  readonly callerId: number | undefined
  /** Without a trailing newline; may hold several lines. */
  readonly text: string
  /** The text as the kernel has it: any bytes, its last newline included if there is one. */
  readonly bytes: Uint8Array
  /** `SUBSYSTEM=…`, `DEVICE=…` of dev_printk(), '' mostly. */
  readonly subsystem: string
  readonly device: string
  /** Why the text is missing, of how many records if it is more than this one; '' when it is there. */
  readonly lost: string
}

/** A record of which nothing is known. @internal */
export const NO_RECORD: LogRecord = {
  seq: 0n,
  tsNsec: 0n,
  level: 6,
  facility: 0,
  callerId: undefined,
  text: '',
  bytes: new Uint8Array(),
  subsystem: '',
  device: '',
  lost: '',
}

const utf8 = new TextDecoder()

/** Text of a record, its last newline left out. @internal */
export function decodeLogText(bytes: Uint8Array): string {
  const end = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length
  return utf8.decode(bytes.subarray(0, end))
}
