// crash 9 as an oracle: what it prints for a list of commands, and what must be there for it to run.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { peers } from '../../bench/peers.ts'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'

/** Some of its commands take minutes on a large dump; none here should. */
const TIMEOUT_MS = 600_000

/** A dump that crash can open, and crash. */
export interface CrashOracle {
  readonly crash: string
  readonly vmlinux: string
  readonly vmcore: string
}

/** Find crash 9 or newer, the dump of a kernel series, and its vmlinux; or say what is missing. */
export function findCrashOracle(series: string): CrashOracle | string {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const vmlinux = findCachedKernel(series)?.vmlinux ?? ''
  const crash = peers('crash').find(({ command }) => majorVersion(command) >= 9)?.command ?? ''
  const files = { vmcore, vmlinux, 'crash 9 or newer': crash }
  const absent = Object.entries(files).find(([, file]) => file === '' || !existsSync(file))
  return absent ? `no ${absent[0]}: ${absent[1]}` : { crash, vmlinux, vmcore }
}

/**
 * Run lines in one session, each into a file: starting takes seconds.
 *
 * @param inputs what belongs together: lines that set the scene, then the one whose output is wanted
 * @returns the output of each; undefined for those crash did not live to answer
 */
export function runCrash(
  oracle: CrashOracle,
  inputs: readonly (readonly string[])[],
): (string | undefined)[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'kbox-crash-'))
  const fileOf = (i: number): string => path.join(folder, String(i))
  try {
    const input = inputs.flatMap((lines, i) => [
      ...lines.slice(0, -1).map((line) => `${line} > /dev/null`),
      `${lines.at(-1)} > ${fileOf(i)}`,
      // The next ones begin where a session begins; some commands leave the radix that they were asked for.
      ...(lines.length > 1 ? ['set -p > /dev/null'] : []),
      'set radix 10 > /dev/null',
    ])
    writeFileSync(path.join(folder, 'input'), `${input.join('\n')}\nquit\n`)
    const args = ['-s', '-i', path.join(folder, 'input'), oracle.vmlinux, oracle.vmcore]
    // In a UTF-8 locale gdb shows stray bytes of registers and stacks as characters where they happen to be valid.
    const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C' }
    // It may die of a command: those before it have answered.
    spawnSync(oracle.crash, args, { stdio: 'ignore', env, timeout: TIMEOUT_MS })
    return inputs.map((_, i) =>
      existsSync(fileOf(i)) ? readFileSync(fileOf(i), 'utf8') : undefined,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function majorVersion(crash: string): number {
  try {
    const text = execFileSync(crash, ['-v'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return Number(/^crash (\d+)/m.exec(text)?.[1] ?? 0)
  } catch {
    return 0
  }
}
