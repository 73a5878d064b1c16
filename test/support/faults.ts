// A crash whose capture goes wrong: rehearsed as any, then `kbox last` and `kbox collect` are asked about the disk that the
// machine left behind, as the next boot would ask.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { LastCrash } from '../../src/host/control/after/last_crash.ts'
import { rehearse } from '../../src/host/rehearse/rehearse.ts'
import type { RehearseOptions } from '../../src/host/rehearse/rehearse_options.ts'
import type { RehearseResult } from '../../src/host/rehearse/rehearse_result.ts'
import { quietOptions } from './rehearsals.ts'

const ROOT = path.join(import.meta.dirname, '../..')

/** What a fault left behind. */
export interface FaultResult {
  readonly result: RehearseResult
  /** What `kbox last --json` says. */
  readonly last: LastCrash
  readonly exitCode: number
  /** vmcore-dmesg.txt: of the target, else what `kbox collect` takes out of the breadcrumbs; '' if neither has it. */
  readonly dmesg: string
  /** What the console said after the crash. */
  readonly console: string
}

/** What is different about one fault. */
export interface Fault extends Partial<RehearseOptions> {
  readonly series?: string
  readonly kdumpConf: string
  /** Scripts of the guest, by their path. */
  readonly scripts?: Readonly<Record<string, string>>
}

/** A target of its own, and short waits. */
export const FAULT_CONF = `ext4 LABEL=crash
path /var/crash
core_collector makedumpfile -z --message-level 7 -d 31
failure_action reboot
`

/** Rehearse a fault. What it leaves is read and removed. */
export async function rehearseFault({
  series = '6.1',
  kdumpConf,
  scripts = {},
  ...changes
}: Fault): Promise<FaultResult> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-fault-'))
  try {
    const files = Object.entries(scripts).map(([name, text]) => {
      const source = path.join(folder, path.basename(name))
      writeFileSync(source, text, { mode: 0o755 })
      return { path: name, source }
    })
    const keep = path.join(folder, 'keep')
    const result = await rehearse({
      ...quietOptions(series, kdumpConf),
      keepFiles: ['/var/lib/kdump/breadcrumbs', '/etc/kdump.conf'],
      files,
      ...changes,
      keep,
    })
    return readFault(result, keep)
  } finally {
    if (process.env['KBOX_KEEP_FAULTS'] === undefined) rmSync(folder, { recursive: true })
    else process.stderr.write(`# kept ${folder}\n`)
  }
}

function readFault(result: RehearseResult, keep: string): FaultResult {
  const root = path.join(keep, 'root')
  const asked = kbox(['last', '--json', '--root', root])
  const last = JSON.parse(asked.stdout) as LastCrash
  kbox(['collect', '--root', root])
  const console = readFileSync(path.join(keep, 'console.log'), 'utf8')
  const collected = path.join(root, 'var/crash')
  const folders = existsSync(collected) ? readdirSync(collected) : []
  const logs = [keep, ...folders.map((name) => path.join(collected, name))]
    .map((directory) => path.join(directory, 'vmcore-dmesg.txt'))
    .filter((file) => existsSync(file))
  const [log] = logs
  return {
    result,
    last,
    exitCode: asked.status ?? -1,
    dmesg: log === undefined ? '' : readFileSync(log, 'utf8'),
    console,
  }
}

function kbox(args: readonly string[]): {
  readonly stdout: string
  readonly status: number | null
} {
  return spawnSync(process.execPath, [path.join(ROOT, 'src/cli/main.ts'), ...args], {
    encoding: 'utf8',
  })
}
