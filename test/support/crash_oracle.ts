// crash 9 as an oracle: what it prints for a list of commands, and what must be there for it to run.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { peers } from '../../bench/peers.ts'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'

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

/** Run commands in one session, each into a file: starting takes seconds. Returns command → output. */
export function runCrash(oracle: CrashOracle, commands: readonly string[]): Map<string, string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kbox-crash-'))
  try {
    const input = commands.map((command, i) => `${command} > ${path.join(folder, String(i))}`)
    writeFileSync(path.join(folder, 'input'), `${input.join('\n')}\nquit\n`)
    const args = ['-s', '-i', path.join(folder, 'input'), oracle.vmlinux, oracle.vmcore]
    // In a UTF-8 locale gdb shows stray bytes of registers and stacks as characters where they happen to be valid.
    const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C' }
    execFileSync(oracle.crash, args, { stdio: 'ignore', env })
    return new Map(
      commands.map((command, i) => [command, readFileSync(path.join(folder, String(i)), 'utf8')]),
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
