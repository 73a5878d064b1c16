// Physical memory of a made-up x86-64 machine, written by kernel address and read as a dump.
import { FaultError } from '../../src/core/base/errors.ts'
import type { Dump, PageState } from '../../src/core/dump/dump_format.ts'
import { pfnRunsOf } from './pfn_runs.ts'

const PAGE_SIZE = 4096
const IMAGE_MAP = 0xffff_ffff_8000_0000n
const DIRECT_MAP = 0xffff_8880_0000_0000n
/** 256 MiB of RAM. */
const PFN_END = 0x1_0000

/** Pages by frame number; what was never written is absent. */
export class PhysicalImage {
  readonly #pages = new Map<number, Uint8Array>()
  readonly #excluded = new Set<number>()

  /** Write at an address of the kernel image or the direct map; with a mask only its bits. */
  write(address: bigint, bytes: Uint8Array, mask?: Uint8Array): void {
    for (const [i, byte] of bytes.entries()) {
      const physical = toPhysical(address) + i
      const page = this.#page(Math.floor(physical / PAGE_SIZE))
      const at = physical % PAGE_SIZE
      const keep = mask ? (page[at] as number) & ~(mask[i] as number) : 0
      page[at] = byte | keep
    }
  }

  /** Make the pages of a range exist. */
  touch(address: bigint, size: number): void {
    for (const pfn of pfnsOf(address, size)) this.#page(pfn)
  }

  /** Filter the pages of a range out of the dump. */
  exclude(address: bigint, size: number): void {
    for (const pfn of pfnsOf(address, size)) this.#excluded.add(pfn)
  }

  /** The dump of this memory. */
  dump(vmcoreinfo: string, release: string): Dump {
    return {
      format: 'recipe',
      file: 'recipe',
      pageSize: PAGE_SIZE,
      pfnEnd: PFN_END,
      littleEndian: true,
      incomplete: false,
      dumpLevel: undefined,
      utsname: { release, machine: 'x86_64', nodename: 'recipe', version: '' },
      timestamp: 0,
      physBase: 0,
      notes: [],
      vmcoreinfo: new TextEncoder().encode(vmcoreinfo),
      pageState: (pfn) => this.#state(pfn),
      pfnRuns(what) {
        return pfnRunsOf(this, what)
      },
      readPhysical: (physical, into) => this.#read(physical, into),
      [Symbol.dispose]() {},
    }
  }

  #page(pfn: number): Uint8Array {
    let page = this.#pages.get(pfn)
    if (!page) this.#pages.set(pfn, (page = new Uint8Array(PAGE_SIZE)))
    return page
  }

  #state(pfn: number): PageState {
    if (this.#excluded.has(pfn)) return 'excluded'
    return this.#pages.has(pfn) ? 'present' : 'absent'
  }

  #read(physical: number, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const at = physical + done
      const pfn = Math.floor(at / PAGE_SIZE)
      const state = this.#state(pfn)
      if (state !== 'present') {
        const reason = state === 'excluded' ? 'excluded' : 'not-present'
        throw new FaultError(BigInt(at), 'physical', reason)
      }
      const from = at % PAGE_SIZE
      const part = this.#page(pfn).subarray(from, from + into.length - done)
      into.set(part, done)
      done += part.length
    }
  }
}

function pfnsOf(address: bigint, size: number): number[] {
  const start = Math.floor(toPhysical(address) / PAGE_SIZE)
  const end = Math.ceil((toPhysical(address) + size) / PAGE_SIZE)
  return Array.from({ length: end - start }, (_, i) => start + i)
}

function toPhysical(address: bigint): number {
  const base = address >= IMAGE_MAP ? IMAGE_MAP : DIRECT_MAP
  return Number(address - base)
}
