// Other programs that arm a machine. The kernel has room for one capture image: whoever loads last replaces the other's.
import { globSync, lstatSync, readlinkSync } from 'node:fs'
import path from 'node:path'

/** A unit of somebody else's that loads a capture kernel. */
export interface Rival {
  readonly unit: string
  /** Its file, below the root. */
  readonly file: string
  /** It is started at boot. */
  readonly isEnabled: boolean
}

/** Whose units they are: Debian's kdump-tools; kdump-utils and SUSE's kdump. */
const RIVAL_UNITS = ['kdump-tools.service', 'kdump.service', 'kdump-early.service']

/** Where systemd looks for units, below the root, first match first. */
const UNIT_FOLDERS = [
  ...['etc/systemd/system', 'run/systemd/system', 'usr/local/lib/systemd/system'],
  ...['usr/lib/systemd/system', 'lib/systemd/system'],
]

/**
 * Find the units of others.
 *
 * @param isOurs tells whether we installed a file, given its path below the root
 */
export function findRivals(root: string, isOurs: (file: string) => boolean): Rival[] {
  return RIVAL_UNITS.flatMap((unit) => {
    const files = UNIT_FOLDERS.map((folder) => path.join(folder, unit)).filter((candidate) =>
      lstatSync(path.join(root, candidate), { throwIfNoEntry: false }),
    )
    const isMasked = files.some((file) => isMask(path.join(root, file)))
    const file = files.find((candidate) => !isMask(path.join(root, candidate)))
    if (file === undefined || isOurs(file) || isAlias(root, file, isOurs)) return []
    const wanted = globSync(`etc/systemd/system/*.{wants,requires}/${unit}`, { cwd: root })
    return [{ unit, file, isEnabled: wanted.length > 0 && !isMasked }]
  })
}

/** `systemctl mask` links a unit to /dev/null. */
function isMask(file: string): boolean {
  return lstatSync(file).isSymbolicLink() && readlinkSync(file) === '/dev/null'
}

/** /lib is a link to usr/lib on merged systems. */
function isAlias(root: string, file: string, isOurs: (file: string) => boolean): boolean {
  return (
    file.startsWith('lib/') &&
    isOurs(`usr/${file}`) &&
    (lstatSync(path.join(root, 'lib'), { throwIfNoEntry: false })?.isSymbolicLink() ?? false)
  )
}
