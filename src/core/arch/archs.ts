// The architectures kbox reads dumps of.
import { UnsupportedError } from '../base/errors.ts'
import type { Arch } from './arch.ts'
import { x86_64 } from './x86_64.ts'

/** All architectures, by the `machine` of utsname. */
export const ARCHS: readonly Arch[] = [x86_64]

/** @throws {UnsupportedError} naming what is supported */
export function getArch(machine: string): Arch {
  const arch = ARCHS.find((candidate) => candidate.name === machine)
  if (!arch)
    throw new UnsupportedError(
      `dumps of ${machine} (supported: ${ARCHS.map((a) => a.name).join(', ')})`,
    )
  return arch
}
