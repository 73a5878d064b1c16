// What sort of kernel a file holds, and what its own header says that can be checked before anything is loaded.
// Source: Documentation/arch/x86/boot.rst; drivers/firmware/efi/libstub/zboot-header.S; Documentation/arch/{arm64,riscv};
// the UAPI group's Unified Kernel Image specification.
import { Reader } from '../../../../core/base/reader.ts'
import { readExact, type Source } from '../../../../core/io/source.ts'
import { openFileSource } from '../../../platform/file_source.ts'
import { parsePe, type PeFile } from './pe_file.ts'
import { findSignerNames } from './signer.ts'

/** The x86 boot protocol's header, as far as it decides whether a crash kernel can be loaded. */
export interface BzImageHeader {
  /** Bytes of memory the kernel needs to unpack itself. */
  readonly initSizeBytes: number
  /** Longest command line, without the NUL. */
  readonly cmdlineMax: number
  /** What kexec_file_load(2) would refuse; '' if nothing. */
  readonly problem: string
}

/** A kernel file's kind. */
export type KernelKind =
  | 'bzImage'
  | 'uki'
  | 'zboot'
  | 'arm64 Image'
  | 'riscv Image'
  | 'ELF'
  | 'gzip'
  | 'xz'
  | 'zstd'
  | 'lz4'
  | 'bzip2'
  | 'EFI program'
  | 'unknown'

/** A kernel file. */
export interface KernelFormat {
  readonly kind: KernelKind
  readonly sizeBytes: number
  /** A signature is attached. */
  readonly isSigned: boolean
  /** Names in the signature's certificates, for messages. */
  readonly signers: readonly string[]
  /** What only a bzImage has. */
  readonly bzImage: BzImageHeader | undefined
  /** The first bytes in hex, for messages. */
  readonly beginsWith: string
}

/** Names of the kinds whose first bytes tell them. */
const MAGIC: readonly (readonly [kind: KernelKind, bytes: readonly number[]])[] = [
  ['ELF', [0x7f, 0x45, 0x4c, 0x46]],
  ['gzip', [0x1f, 0x8b]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', [0x02, 0x21, 0x4c, 0x18]],
  ['bzip2', [0x42, 0x5a, 0x68]],
]
const MODULE_SIGNATURE = '~Module signature appended~\n'
/** A signature larger than this is not one. */
const CERTIFICATES_MAX = 1 << 20

/** Look at a kernel file. @throws {FormatError} if its headers are cut off @throws {HostError} if it cannot be read */
export function readKernelFormat(file: string): KernelFormat {
  using source = openFileSource(file)
  return parseKernelFormat(source)
}

/** As readKernelFormat, from any source. */
export function parseKernelFormat(source: Source): KernelFormat {
  const head = readExact(source, 0, Math.min(source.size, 0x400), 'kernel header')
  const bzImage = parseBzImage(source, head)
  // A bzImage that was cut is told as that, not as a PE file whose sections are missing.
  const isCut = bzImage !== undefined && bzImage.problem !== ''
  const pe = isCut ? undefined : parsePe(source)
  const signers = pe ? readSigners(source, pe) : []
  return {
    kind: kindOf(head, pe, bzImage !== undefined),
    sizeBytes: source.size,
    isSigned: (pe?.certificates.sizeBytes ?? 0) > 0 || hasModuleSignature(source),
    signers,
    bzImage,
    beginsWith: Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(
      ' ',
    ),
  }
}

function kindOf(head: Uint8Array, pe: PeFile | undefined, isBzImage: boolean): KernelKind {
  if (pe?.sections.some(({ name }) => name === '.linux')) return 'uki'
  if (isBzImage) return 'bzImage'
  const text = (at: number, size: number): string =>
    new TextDecoder('latin1').decode(head.subarray(at, at + size))
  if (text(0, 2) === 'MZ' && text(4, 4) === 'zimg') return 'zboot'
  if (text(0x38, 4) === 'ARM\x64') return 'arm64 Image'
  if (text(0x38, 4) === 'RSC\x05') return 'riscv Image'
  const found = MAGIC.find(([, bytes]) => bytes.every((byte, index) => head[index] === byte))
  return found?.[0] ?? (pe ? 'EFI program' : 'unknown')
}

/** arch/x86/kernel/kexec-bzimage64.c asks the same questions in bzImage64_probe(). */
function parseBzImage(source: Source, head: Uint8Array): BzImageHeader | undefined {
  if (
    head.length < 0x270 ||
    new TextDecoder('latin1').decode(head.subarray(0x202, 0x206)) !== 'HdrS'
  )
    return undefined
  const at = (offset: number): Reader => new Reader(source.name, head, { offset })
  const setupSectors = at(0x1f1).u8('setup_sects') || 4
  const bodyBytes = at(0x1f4).u32('syssize') * 16
  const wholeBytes = (setupSectors + 1) * 512 + bodyBytes
  const version = at(0x206).u16('version')
  const loadFlags = at(0x211).u8('loadflags')
  const xloadFlags = at(0x236).u16('xloadflags')
  const isRelocatable = at(0x234).u8('relocatable_kernel') === 1
  let problem = ''
  if (source.size < wholeBytes) {
    problem = `it is cut off: ${source.size} of ${wholeBytes} bytes`
  } else if (version < 0x20c) {
    problem = `its boot protocol ${version >> 8}.${version & 0xff} is older than 2.12`
  } else if ((loadFlags & 1) === 0) {
    problem = 'it is a zImage, not a bzImage'
  } else if ((xloadFlags & 3) !== 3) {
    problem = 'it has no 64-bit entry, or cannot lie above 4 GB'
  } else if (!isRelocatable) {
    problem = 'it is not relocatable (CONFIG_RELOCATABLE)'
  }
  return {
    initSizeBytes: at(0x260).u32('init_size'),
    cmdlineMax: at(0x238).u32('cmdline_size'),
    problem,
  }
}

function readSigners(source: Source, { certificates }: PeFile): string[] {
  const { offset, sizeBytes } = certificates
  if (sizeBytes === 0 || sizeBytes > CERTIFICATES_MAX) return []
  return findSignerNames(readExact(source, offset, sizeBytes, 'PE certificate table'))
}

/** s390x and ppc64le kernels are signed as modules are: at their end. */
function hasModuleSignature(source: Source): boolean {
  const size = MODULE_SIGNATURE.length
  if (source.size < size) return false
  const tail = readExact(source, source.size - size, size, 'end of the kernel file')
  return new TextDecoder('latin1').decode(tail) === MODULE_SIGNATURE
}
