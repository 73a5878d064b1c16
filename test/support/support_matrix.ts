// Which tool reads which dump: each format made once for real, and each tool at hand asked to open it. The rows and the
// tools are data: a new one is one line. docs/formats/support.md shows the answers.
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { peers } from '../../bench/peers.ts'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'
import { openDump } from '../../src/core/dump/formats.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { convertDump, type ConvertedFormat } from './convert_dump.ts'
import { qemuDumpFolder } from './qemu_dump.ts'

/** All tools know this kernel: what they fail at is the format. */
const SERIES = '6.1'
const VMCORE = cachePath('dumps', SERIES, 'vmcore.elf')
const KBOX = path.resolve(import.meta.dirname, '../../bin/kbox')
const TIMEOUT_MS = 300_000
/** In the first line of every log. */
const LOG_WORDS = 'Linux version'

/** Makes the files of a row in a folder; undefined if it cannot be made here. */
type Make = (folder: string) => string[] | undefined

/** A row of the table. */
export interface SupportRow {
  readonly format: string
  readonly maker: string
  readonly make: Make
}

const KDUMP = 'kdump-compressed'

/** All rows, in the order of the table. */
export const SUPPORT_ROWS: readonly SupportRow[] = [
  { format: 'ELF', maker: 'copy of /proc/vmcore', make: () => found(VMCORE) },
  { format: 'ELF, filtered', maker: 'makedumpfile -E', make: byMakedumpfile('-E -d 31') },
  { format: 'ELF, filtered', maker: 'kbox -E', make: byKbox('-E -d 31') },
  { format: `${KDUMP}, raw`, maker: 'makedumpfile', make: byMakedumpfile('-d 31') },
  { format: `${KDUMP}, raw`, maker: 'kbox', make: byKbox('-d 31') },
  { format: `${KDUMP}, zlib`, maker: 'makedumpfile -c', make: byMakedumpfile('-c -d 31') },
  { format: `${KDUMP}, zlib`, maker: 'kbox -c', make: byKbox('-c -d 31') },
  { format: `${KDUMP}, LZO`, maker: 'makedumpfile -l', make: byMakedumpfile('-l -d 31') },
  { format: `${KDUMP}, LZO`, maker: 'kbox -l', make: byKbox('-l -d 31') },
  { format: `${KDUMP}, snappy`, maker: 'kbox -p', make: byKbox('-p -d 31') },
  { format: `${KDUMP}, zstd`, maker: 'makedumpfile -z', make: byMakedumpfile('-z -d 31') },
  { format: `${KDUMP}, zstd`, maker: 'kbox -z', make: byKbox('-z -d 31') },
  { format: `${KDUMP}, flattened`, maker: 'makedumpfile -F', make: byFlattening('-l -d 31') },
  { format: `${KDUMP}, flattened`, maker: 'kbox -F', make: byFlattening('-l -d 31', ours) },
  { format: 'ELF, flattened', maker: 'makedumpfile -E -F', make: byFlattening('-E -d 31') },
  { format: 'ELF, flattened', maker: 'kbox -E -F', make: byFlattening('-E -d 31', ours) },
  { format: `${KDUMP}, split`, maker: 'makedumpfile --split', make: bySplitting() },
  { format: `${KDUMP}, split`, maker: 'kbox --split', make: bySplitting(ours) },
  { format: 'QEMU ELF', maker: 'dump-guest-memory', make: byQemu('live.elf') },
  {
    format: 'QEMU ELF, no VMCOREINFO',
    maker: 'dump-guest-memory',
    make: byQemu('plain.elf'),
  },
  { format: 'QEMU kdump-zlib', maker: 'dump-guest-memory', make: byQemu('live.kdump-zlib') },
  {
    format: 'QEMU kdump-zlib, no VMCOREINFO',
    maker: 'dump-guest-memory',
    make: byQemu('plain.kdump-zlib'),
  },
  { format: 'QEMU kdump-lzo', maker: 'dump-guest-memory', make: byQemu('live.kdump-lzo') },
  { format: 'QEMU kdump-snappy', maker: 'dump-guest-memory', make: byQemu('live.kdump-snappy') },
  {
    format: 'QEMU kdump-raw-zlib',
    maker: 'dump-guest-memory',
    make: byQemu('live.kdump-raw-zlib'),
  },
  { format: 'LiME', maker: 'converted', make: byConverting('lime') },
  { format: 'AVML', maker: 'converted', make: byConverting('avml') },
  { format: 'plain memory', maker: 'converted', make: byConverting('padded') },
]

/** A tool: its column is named by its version, so that a newer one is another column. */
export interface SupportTool {
  readonly name: string
  /** Does it read these files (several: a split set)? `folder` is for files of its own. */
  reads(files: readonly string[], folder: string): Promise<boolean>
}

/** The tools at hand, kbox first. */
export function supportTools(): SupportTool[] {
  const vmlinux = findCachedKernel(SERIES)?.vmlinux ?? ''
  return [
    {
      name: 'kbox reads',
      reads: async (files) =>
        (await output(KBOX, ['crash', '-s', '-c', 'log', ...files])).includes(LOG_WORDS),
    },
    ...(existsSync(vmlinux) ? tools('crash', (command) => crashReads(command, vmlinux)) : []),
    ...(existsSync(vmlinux) ? tools('drgn', (command) => drgnReads(command, vmlinux)) : []),
    ...tools('makedumpfile', makedumpfileReads),
  ]
}

function tools(
  tool: 'crash' | 'drgn' | 'makedumpfile',
  reads: (command: string) => SupportTool['reads'],
): SupportTool[] {
  return peers(tool).map(({ command }) => ({
    name: `${tool} ${version(command, tool === 'drgn' ? '--version' : '-v')}`,
    reads: reads(command),
  }))
}

/** The first number with dots that a tool says of its version. */
function version(command: string, option: string): string {
  const { stdout, stderr } = spawnSync(command, [option], { encoding: 'latin1' })
  const [found] = /\d+\.\d+(?:\.\d+)?/.exec(`${stdout}${stderr}`) ?? []
  return found ?? '(unknown version)'
}

/** Minimal mode looks at no tasks, of which crash 8 finds few in any dump of this kernel. */
function crashReads(command: string, vmlinux: string): SupportTool['reads'] {
  return async (files, folder) => {
    const input = path.join(folder, 'crash.input')
    writeFileSync(input, 'log\nquit\n')
    const args = ['--minimal', '-s', '-i', input, vmlinux, ...files]
    return (await output(command, args)).includes(LOG_WORDS)
  }
}

function drgnReads(command: string, vmlinux: string): SupportTool['reads'] {
  return async ([first = '', ...others], folder) => {
    // It takes one file.
    if (others.length > 0) return false
    const script = path.join(folder, 'read.py')
    writeFileSync(
      script,
      'from drgn.helpers.linux.pid import for_each_task\nprint(len(list(for_each_task(prog))), "tasks")\n',
    )
    return /^\d+ tasks$/m.test(await output(command, ['-q', '-s', vmlinux, '-c', first, script]))
  }
}

function makedumpfileReads(command: string): SupportTool['reads'] {
  return async (files, folder) => {
    const to = path.join(folder, 'filtered')
    const args = files.length > 1 ? ['--reassemble', ...files, to] : ['-d', '31', ...files, to]
    return (await output(command, ['-f', ...args])).includes('saved to')
  }
}

/** What a program prints; '' if it fails. */
function output(command: string, args: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const options = { timeout: TIMEOUT_MS, maxBuffer: 1 << 26, encoding: 'latin1' } as const
  const env = { ...process.env, LC_ALL: 'C' }
  const child = execFile(command, args, { ...options, env }, (error, stdout) =>
    resolve(error ? '' : stdout),
  )
  child.stdin?.end()
  return promise
}

function found(file: string): string[] | undefined {
  return existsSync(file) ? [file] : undefined
}

function byQemu(name: string): Make {
  return () => found(path.join(qemuDumpFolder(SERIES), name))
}

/** The newest makedumpfile that has what the options ask for; one without writes uncompressed pages instead. */
function byMakedumpfile(options: string): Make {
  return (folder) => {
    const command = findMakedumpfile(options)
    const to = path.join(folder, 'dump')
    return command && run(command, [...words(options), '-f', VMCORE, to]) ? [to] : undefined
  }
}

function findMakedumpfile(options: string): string | undefined {
  const wanted = { '-l': 'lzo', '-p': 'snappy', '-z': 'zstd' } as Readonly<Record<string, string>>
  const codec = wanted[words(options)[0] ?? '']
  return peers('makedumpfile').findLast(({ command }) => {
    const { stdout } = spawnSync(command, ['-v'], { encoding: 'latin1' })
    return codec === undefined || new RegExp(`^${codec}\\s+enabled`, 'm').test(stdout)
  })?.command
}

function byKbox(options: string): Make {
  return (folder) => {
    const to = path.join(folder, 'dump')
    return run(KBOX, ['makedumpfile', ...words(options), '-f', VMCORE, to]) ? [to] : undefined
  }
}

/** What makes a file, and the words before its options; undefined if there is none here. */
type Maker = (options: string) => readonly [command: string, ...words: string[]] | undefined

/** kbox, in makedumpfile's role. */
function ours(): readonly [string, string] {
  return [KBOX, 'makedumpfile']
}

function theirs(options: string): readonly [string] | undefined {
  const command = findMakedumpfile(options)
  return command === undefined ? undefined : [command]
}

function byFlattening(options: string, maker: Maker = theirs): Make {
  return (folder) => {
    const command = maker(options)
    const to = path.join(folder, 'dump')
    if (!command) return undefined
    const shell = 'to=$1; shift; exec "$@" > "$to"'
    return run('sh', ['-c', shell, 'sh', to, ...command, ...words(options), '-F', VMCORE])
      ? [to]
      : undefined
  }
}

/** Blocks of 1 MiB, for by default makedumpfile leaves all of a small machine to one part. */
function bySplitting(maker: Maker = theirs): Make {
  return (folder) => {
    const [command, ...first] = maker('-l') ?? []
    const parts = ['1', '2', '3'].map((part) => path.join(folder, `part${part}`))
    const options = ['-l', '-d', '31', '--split', '--splitblock-size', '1024', '-f']
    return command && run(command, [...first, ...options, VMCORE, ...parts]) ? parts : undefined
  }
}

function byConverting(format: ConvertedFormat): Make {
  return (folder) => {
    if (!existsSync(VMCORE)) return undefined
    const to = path.join(folder, 'dump')
    using dump = openDump(openFileSource(VMCORE))
    convertDump(dump, to, format)
    return [to]
  }
}

function run(command: string, args: readonly string[]): boolean {
  if (!existsSync(VMCORE)) return false
  return spawnSync(command, args, { stdio: 'ignore', timeout: TIMEOUT_MS }).status === 0
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '')
