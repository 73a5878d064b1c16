// From paths to a kernel: dumps, the parts of one, a vmlinux or System.map told by what they are, in any order; without a
// dump the running kernel.
import { HostError, KdumpError, UsageError } from '../core/base/errors.ts'
import type { Namelist } from '../core/debuginfo/namelist.ts'
import { isSystemMap, readNamelist } from '../core/debuginfo/read_namelist.ts'
import { isElf, parseElfFile } from '../core/elf/elf_file.ts'
import { ET_CORE } from '../core/elf/elf_layout.ts'
import type { Source } from '../core/io/source.ts'
import { openKernel } from '../core/kernel/open_kernel.ts'
import type { Program } from '../core/program/program.ts'
import { openDumpFile } from '../host/platform/age/unlock.ts'
import { openFileSource } from '../host/platform/file_source.ts'
import { registerDisassemblers } from '../host/platform/iced_x86.ts'
import { registerNativeCodecs } from '../host/platform/native_codecs.ts'

/** The running kernel, where no dump is named. */
const LIVE = '/proc/kcore'

/** What was opened. @internal */
export interface OpenedFiles {
  readonly program: Program
  /** The dump's files. */
  readonly files: readonly string[]
  readonly namelist: string | undefined
}

/**
 * Open what paths name.
 *
 * @throws {UsageError} if the files do not belong together, or there is none and the running kernel cannot be read
 * @throws {HostError} if a file cannot be opened
 * @throws {FormatError} if the file is no dump, is damaged, or has no VMCOREINFO
 * @throws {UnsupportedError} if its architecture or variant is not read yet
 * @internal
 */
export function openFiles(paths: readonly string[]): OpenedFiles {
  registerNativeCodecs()
  registerDisassemblers()
  const { dumps, namelist } = sortOperands(paths)
  const [first, ...others] = dumps
  const source = first === undefined ? openLive(namelist?.file) : openDumpFile(first)
  const parts = others.map((file) => openDumpFile(file))
  const program = openKernel(source, { parts, ...(namelist ? { namelist } : {}) })
  return {
    program,
    files: [source, ...parts].map(({ name }) => name),
    namelist: namelist?.file,
  }
}

interface Operands {
  /** None: the running kernel. */
  readonly dumps: readonly string[]
  readonly namelist: Namelist | undefined
}

/** Tell dumps from a vmlinux by what they are: any order is right. Several dumps are parts of one. */
function sortOperands(operands: readonly string[]): Operands {
  const namelists = operands.filter((path) => isNamelist(path))
  const [path, second] = namelists
  if (second !== undefined) throw new UsageError(`two namelists: ${path} and ${second}`)
  // It stays open: symbols are read when they are needed.
  const namelist = path === undefined ? undefined : readNamelist(openFileSource(path))
  return { dumps: operands.filter((file) => !namelists.includes(file)), namelist }
}

/** The running kernel. @throws {UsageError} where it cannot be read, and what could be done */
function openLive(namelist: string | undefined): Source {
  try {
    return openFileSource(LIVE)
  } catch (cause) {
    if (!(cause instanceof HostError)) throw cause
    const why = LIVE_PROBLEMS[cause.errno] ?? cause.message
    const what = namelist === undefined ? 'a VMCORE is missing' : `${namelist} is no VMCORE`
    throw new UsageError(`${what}, and the running kernel cannot be examined: ${why}`, { cause })
  }
}

const LIVE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: `there is no ${LIVE} (CONFIG_PROC_KCORE)`,
  EACCES: `only root may read ${LIVE}`,
  EPERM: `the kernel is locked down, or this is not root: ${LIVE} may not be read`,
}

/** Is it an ELF file that is no core, a vmlinux, or a System.map? A file that cannot be read is neither. */
function isNamelist(path: string): boolean {
  try {
    using source = openFileSource(path)
    const head = new Uint8Array(256)
    const got = source.read(0, head)
    if (isElf(head)) return parseElfFile(source).header.e_type !== ET_CORE
    return isSystemMap(head.subarray(0, got))
  } catch (error) {
    if (error instanceof KdumpError) return false
    throw error
  }
}
