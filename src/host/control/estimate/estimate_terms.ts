// How much memory a capture kernel needs, term by term. The constants were measured with kbox estimate --measure on Debian's
// cloud kernels; docs/crashkernel.md has the numbers.

const MIB = 2 ** 20

/** What the terms are made of. */
export interface EstimateInputs {
  /** Bytes the kernel needs to start. */
  readonly kernelBytes: number
  /** Bytes of the initramfs file. */
  readonly initramfsBytes: number
  /** Bytes of what it holds; undefined when it is packed so that this is not known. */
  readonly unpackedBytes: number | undefined
  /** Bytes of the modules it loads. */
  readonly modulesBytes: number
  /** Memory of the crashed kernel, bytes. */
  readonly ramBytes: number
  /** Bytes of a page. */
  readonly pageBytes: number
  /** A dump goes over the network. */
  readonly hasNetwork: boolean
  /** The dump is encrypted. */
  readonly isEncrypted: boolean
  /** Unlocking the target's volume. */
  readonly luksBytes: number
  /** CPUs the capture kernel brings up. */
  readonly cpus: number
}

/** When a term counts: while the initramfs is unpacked, while the dump is written, or both. */
export type EstimatePhase = 'unpack' | 'capture' | 'both'

/** One term. */
export interface EstimateTerm {
  readonly name: string
  readonly bytes: number
  readonly phase: EstimatePhase
  readonly reason: string
}

/** The terms, and what they come to. */
export interface Estimate {
  readonly terms: readonly EstimateTerm[]
  /** Bytes needed while the initramfs is unpacked. */
  readonly unpackBytes: number
  /** Bytes needed while the dump is written. */
  readonly captureBytes: number
  /** The larger, in whole MiB. */
  readonly bytes: number
}

/** Node with kbox: heap, stacks, native code, and the pages of the runtime that are in use at a time. */
const RUNTIME_BYTES = 60 * MIB
/** Slabs, page tables, kernel stacks of a started kernel. */
const KERNEL_RUN_BYTES = 10 * MIB
/** Of each CPU: its per-CPU area, stacks and queues. */
const PER_CPU_BYTES = 2 * MIB
/** Cards' rings, sockets, the NFS or SSH client's buffers. */
const NETWORK_BYTES = 16 * MIB
/** The library that makes headers of age files, and buffers. */
const ENCRYPTION_BYTES = 12 * MIB
/** sizeof(struct page). */
const PAGE_STRUCT_BYTES = 64
/** A compressed cpio of programs and modules grows to about so much. */
const UNPACK_RATIO = 3
/** Frames up to which a dump keeps bitmaps of all page kinds, and of two, in memory (capture/dump_plan.ts, engine.ts). */
const KINDS_FRAMES_MAX = 2 ** 25
const MEMORY_FRAMES_MAX = 2 ** 27

/** Estimate what a capture kernel needs. */
export function estimateReservation(inputs: EstimateInputs): Estimate {
  const terms = estimateTerms(inputs)
  const sum = (phase: EstimatePhase): number =>
    terms
      .filter((term) => term.phase === phase || term.phase === 'both')
      .reduce((total, { bytes }) => total + bytes, 0)
  const bare = Math.max(sum('unpack'), sum('capture'))
  // The page array describes the reservation itself.
  const pages = Math.ceil((bare * PAGE_STRUCT_BYTES) / inputs.pageBytes)
  const pageArray: EstimateTerm = {
    name: 'page array',
    bytes: pages,
    phase: 'both',
    reason: `${PAGE_STRUCT_BYTES} bytes for each page of the reservation`,
  }
  const [unpackBytes, captureBytes] = [sum('unpack') + pages, sum('capture') + pages]
  return {
    terms: [...terms, pageArray],
    unpackBytes,
    captureBytes,
    bytes: Math.ceil(Math.max(unpackBytes, captureBytes) / MIB) * MIB,
  }
}

function estimateTerms(inputs: EstimateInputs): EstimateTerm[] {
  const { kernelBytes, initramfsBytes, unpackedBytes, modulesBytes, cpus, luksBytes } = inputs
  const unpacked = unpackedBytes ?? initramfsBytes * UNPACK_RATIO
  const term = (
    name: string,
    bytes: number,
    phase: EstimatePhase,
    reason: string,
  ): EstimateTerm => ({ name, bytes, phase, reason })
  return [
    term('kernel', kernelBytes, 'both', 'code and data, with room to decompress itself'),
    term(
      'initramfs',
      unpacked,
      'both',
      unpackedBytes === undefined
        ? `unpacked: ${UNPACK_RATIO} times the file, as a guess`
        : 'unpacked',
    ),
    term('initramfs as loaded', initramfsBytes, 'unpack', 'kept until all of it is unpacked'),
    term('modules', modulesBytes, 'capture', 'drivers of the target'),
    term('runtime', RUNTIME_BYTES, 'capture', 'Node and kbox; measured'),
    term('kernel at work', KERNEL_RUN_BYTES, 'both', 'slabs, page tables, stacks; measured'),
    term('CPUs', cpus * PER_CPU_BYTES, 'both', `${cpus} in the capture kernel`),
    term('bitmaps', bitmapBytes(inputs), 'capture', 'bits for each page of the crashed kernel'),
    ...(inputs.hasNetwork
      ? [term('network', NETWORK_BYTES, 'capture', 'a target behind a network card')]
      : []),
    ...(inputs.isEncrypted
      ? [term('encryption', ENCRYPTION_BYTES, 'capture', 'encrypt_to; measured')]
      : []),
    ...(luksBytes > 0
      ? [term('LUKS', luksBytes, 'capture', 'the key derivation that costs most')]
      : []),
  ]
}

function bitmapBytes({ ramBytes, pageBytes }: EstimateInputs): number {
  const frames = ramBytes / pageBytes
  const bitmaps = frames <= KINDS_FRAMES_MAX ? 6 : frames <= MEMORY_FRAMES_MAX ? 2 : 0
  return Math.ceil((frames / 8) * bitmaps)
}
