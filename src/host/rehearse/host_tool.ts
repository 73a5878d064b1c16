// Programs of the machine that a rehearsal is made with, and which Debian package brings each.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../core/base/errors.ts'

const PACKAGE_OF = {
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
  mke2fs: 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  debugfs: 'e2fsprogs',
  'mkfs.xfs': 'xfsprogs',
  xfs_db: 'xfsprogs',
  'mkfs.btrfs': 'btrfs-progs',
  btrfs: 'btrfs-progs',
} as const

/** A program that a rehearsal may need. */
export type HostTool = keyof typeof PACKAGE_OF

/** More text than any of them prints. */
const OUTPUT_SIZE_MAX = 1 << 26

/** Find a program. @throws {HostError} naming the package that has it */
export function findTool(tool: HostTool): string {
  // e2fsprogs installs into sbin, which Debian leaves out of a plain user's PATH.
  const folders = [
    ...(process.env['PATH'] ?? '').split(':'),
    '/usr/sbin',
    '/sbin',
    '/usr/bin',
    '/bin',
  ]
  for (const folder of folders.filter(Boolean)) {
    const file = path.join(folder, tool)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // The next folder may have it.
    }
  }
  throw new HostError(`${tool} is missing: install ${PACKAGE_OF[tool]} (Debian's name)`, 'ENOENT')
}

/** What a program printed. */
export interface ToolOutput {
  readonly stdout: string
  readonly stderr: string
}

/**
 * Run a program to its end.
 *
 * @param accepted exit codes that are no failure
 * @throws {HostError} with the last line it wrote to stderr
 */
export function runTool(
  tool: HostTool,
  args: readonly string[],
  accepted: readonly number[] = [0],
): ToolOutput {
  const { status, signal, stdout, stderr, error } = spawnSync(findTool(tool), args, {
    encoding: 'utf8',
    maxBuffer: OUTPUT_SIZE_MAX,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  })
  if (error) throw new HostError(`${tool} does not run`, '', { cause: error })
  if (status === null || !accepted.includes(status)) {
    const how = status === null ? `killed by ${signal}` : `exit code ${status}`
    throw new HostError(`${tool} failed (${how}): ${stderr.trim().split('\n').at(-1) ?? ''}`)
  }
  return { stdout, stderr }
}
