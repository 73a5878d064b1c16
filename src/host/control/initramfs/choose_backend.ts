// Who makes the image: kbox itself where a target needs modules only, the distribution's tools where user space must set
// up LVM, RAID and the like first.
import { HostError } from '../../../core/base/errors.ts'
import type { InitramfsBackend } from '../config/kdump_conf_model.ts'
import { BACKENDS } from './backends.ts'
import type { StorageLayer } from './device_modules.ts'
import type { ImageBackend } from './image_backend.ts'

/** Whom it fell on. */
export interface ChosenBackend {
  readonly backend: ImageBackend
  /** For people: `the target needs LVM`. */
  readonly reason: string
}

/**
 * Choose a back-end.
 *
 * @param wanted kdump.conf's `initramfs`
 * @param layers what the targets' devices are stacked on
 * @param root whose programs are looked for
 * @throws {HostError} naming what to install, or what to configure instead
 */
export function chooseBackend(
  wanted: InitramfsBackend,
  layers: readonly StorageLayer[],
  root = '/',
): ChosenBackend {
  const need = layers.length === 0 ? '' : `the target needs ${layers.join(' on ')}`
  if (wanted !== 'auto') {
    const backend = BACKENDS.find(({ name }) => name === wanted)
    if (!backend) throw new HostError(`initramfs ${wanted}: no such back-end`)
    const unserved = layers.find((layer) => !backend.serves(layer))
    if (unserved !== undefined)
      throw new HostError(
        `initramfs ${wanted}: does not set up ${unserved}, which the target needs: write "initramfs auto" into kdump.conf, or name a plain partition`,
      )
    if (backend.find(root) === undefined)
      throw new HostError(`initramfs ${wanted}: not installed: install ${backend.packages}`)
    return { backend, reason: `kdump.conf says so${need === '' ? '' : `; ${need}`}` }
  }
  const able = BACKENDS.filter(({ serves }) => layers.every(serves))
  const backend = able.find((candidate) => candidate.find(root) !== undefined)
  if (backend) return { backend, reason: need === '' ? 'plain devices' : need }
  const remedy =
    able.length === 0
      ? 'no back-end sets that up'
      : `install ${able.map(({ packages }) => packages).join(' or ')}`
  throw new HostError(
    `${need}, which must be set up in the capture kernel: ${remedy}, or name a plain partition in kdump.conf`,
    'ENOENT',
  )
}
