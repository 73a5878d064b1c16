// Runs a program of the distribution's that makes an initramfs: with its own environment, within a time, its last words
// kept for the error.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'

/** Such a program looks at every device; one that hangs must not hang the machine's start. */
const TIMEOUT_MS = 15 * 60_000
const OUTPUT_SIZE_MAX = 1 << 26
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Find a program in the system's folders below a root; undefined if it is not there. */
export function findProgram(root: string, name: string): string | undefined {
  return PATH.split(':')
    .map((folder) => path.join(root, folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/**
 * Run it to its end.
 *
 * @param env more variables; nothing of ours is passed on
 * @throws {HostError} with the last lines that it wrote
 */
export function runDistributionTool(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): void {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_SIZE_MAX,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, LC_ALL: 'C', HOME: '/root', ...env },
  })
  if (error) throw new HostError(`${program}: ${error.message}`, '', { cause: error })
  if (status === 0) return
  const how = status === null ? `killed by ${signal}` : `exit code ${status}`
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-3).join('; ')
  throw new HostError(`${path.basename(program)} made no image (${how}): ${said}`)
}
