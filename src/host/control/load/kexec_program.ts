// The kexec program of kexec-tools, for machines whose kernel has no kexec_file_load(2) and for images it refuses.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import type { CrashImage } from './kexec.ts'

/** Unpacking a kernel and hashing an initramfs takes seconds; a minute is much. */
const TIMEOUT_MS = 120_000
const FOLDERS: readonly string[] = ['/sbin', '/usr/sbin', '/bin', '/usr/bin', '/usr/local/sbin']

/** The kernel's new name and the old one. */
const ELFCOREHDR_SIZE: readonly string[] = [
  '/sys/kernel/kexec/crash_elfcorehdr_size',
  '/sys/kernel/crash_elfcorehdr_size',
]

/** Find the program; undefined if it is not installed. */
export function findKexecProgram(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':').filter(Boolean), ...FOLDERS]
  return folders.map((folder) => path.join(folder, 'kexec')).find((file) => existsSync(file))
}

/** Load a crash image with kexec_load(2). @throws {HostError} with what the program said */
export function loadByProgram(image: CrashImage): void {
  // A kernel that can update elfcorehdr itself must be told where it lies, or each change of CPUs needs a reload.
  const hotplug = ELFCOREHDR_SIZE.some((file) => existsSync(file)) && knowsHotplug()
  runKexec([
    ...['-c', '-p', ...(hotplug ? ['--hotplug'] : [])],
    ...[`--command-line=${image.cmdline}`, `--initrd=${image.initrd}`, image.kernel],
  ])
}

/** Unload a crash image with kexec_load(2). @throws {HostError} with what the program said */
export function unloadByProgram(): void {
  runKexec(['-c', '-p', '-u'])
}

function knowsHotplug(): boolean {
  const program = findKexecProgram()
  if (program === undefined) return false
  const { stdout } = spawnSync(program, ['--help'], { encoding: 'utf8', timeout: 10_000 })
  return stdout.includes('--hotplug')
}

function runKexec(args: readonly string[]): void {
  const program = findKexecProgram()
  if (program === undefined)
    throw new HostError('the kexec program is missing: install kexec-tools', 'ENOENT')
  const { status, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  })
  if (error) throw new HostError(`${program}: ${error.message}`, '', { cause: error })
  if (status === 0) return
  const said = stderr.trim().split('\n').filter(Boolean).join('; ')
  throw new HostError(`${program} failed${said === '' ? ` with exit code ${status}` : `: ${said}`}`)
}
