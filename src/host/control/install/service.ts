// systemd, as far as installing needs it: units are enabled and disabled by systemctl, offline in a root that is not running.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import type { Rival } from './rivals.ts'

const TIMEOUT_MS = 120_000

/** Is systemd in charge of the machine whose root this is? */
export function isSystemdRunning(root: string): boolean {
  return path.resolve(root) === '/' && existsSync('/run/systemd/system')
}

/** Tell systemd and udev that their files have changed. Nothing to do in a root that is not running. */
export function reloadManagers(root: string): void {
  if (!isSystemdRunning(root)) return
  run('systemctl', ['daemon-reload'])
  run('udevadm', ['control', '--reload'])
}

/**
 * Refuse to enable a unit beside a rival's: at boot systemd would drop one of the two, and which is chance.
 *
 * @throws {HostError} saying what to type
 */
export function refuseEnabledRivals(unit: string, rivals: readonly Rival[]): void {
  const enabled = rivals.filter(({ isEnabled }) => isEnabled).map((rival) => rival.unit)
  if (enabled.length === 0) return
  const names = enabled.join(' ')
  throw new HostError(
    `${names} is enabled, and only one can arm the machine: systemctl disable --now ${names}, then install again (unit ${unit})`,
  )
}

/** Let a unit be started at boot. @throws {HostError} in systemctl's words */
export function enableUnit(root: string, unit: string): void {
  run('systemctl', [...rootArgs(root), 'enable', unit])
}

/**
 * Stop a unit and let it be started no more. Of one that is still starting, systemd ends the start and skips ExecStop.
 *
 * @returns whether it was up, or on its way
 * @throws {HostError} in systemctl's words
 */
export function disableUnit(root: string, unit: string): boolean {
  if (isSystemdRunning(root)) {
    const { stdout } = spawnSync('systemctl', ['is-active', unit], {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    })
    run('systemctl', ['disable', '--now', unit])
    // A start that was ended has failed, and would be listed when its unit is gone. What has not failed is refused.
    spawnSync('systemctl', ['reset-failed', unit], { stdio: 'ignore', timeout: TIMEOUT_MS })
    return /^(active|activating|reloading)$/m.test(stdout)
  }
  if (globSync(`etc/systemd/system/*.wants/${unit}`, { cwd: root }).length > 0)
    run('systemctl', [...rootArgs(root), 'disable', unit])
  return false
}

function rootArgs(root: string): string[] {
  return path.resolve(root) === '/' ? [] : [`--root=${path.resolve(root)}`]
}

function run(program: string, args: readonly string[]): void {
  const { error, status, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TIMEOUT_MS,
  })
  const command = [program, ...args].join(' ')
  if (error) throw new HostError(`${command} does not run`, '', { cause: error })
  if (status === 0) return
  const said = stderr.trim().split('\n').at(-1) ?? ''
  throw new HostError(`${command} failed (exit code ${status}): ${said}`)
}
