// What an estimate is made of, read below a root: the kernel, the built initramfs, the target's stack, what is reserved.
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { attempt, HostError } from '../../../core/base/errors.ts'
import { findMountOf, readMounts } from '../../platform/block_devices.ts'
import { readTree } from '../bootloader/file_edit.ts'
import { readCrashState } from '../crash_sysfs.ts'
import { defaultCrashkernel } from '../crashkernel/default_value.ts'
import { type CrashkernelFacts, readCrashkernelFacts } from '../crashkernel/machine_facts.ts'
import { defaultImage } from '../arm.ts'
import { listInitramfs } from '../initramfs/cpio_list.ts'
import type { ConfTarget, KdumpConf } from '../config/kdump_conf_model.ts'
import { chooseKernel } from '../load/kernel/choose_kernel.ts'
import { readKernelFormat } from '../load/kernel/kernel_format.ts'
import type { LoadSettings } from '../config/load_settings.ts'
import type { EstimateInputs } from './estimate_terms.ts'
import { parseKernelSize } from './kernel_memory.ts'
import { luksMemory } from './luks_memory.ts'

const MIB = 2 ** 20

/** What a configuration says of target and kernel. */
export interface EstimateSettings {
  readonly conf: KdumpConf
  readonly load: LoadSettings
}

/** Files the caller may name. */
export interface EstimateChoice {
  readonly kernel?: string | undefined
  readonly image?: string | undefined
}

/** All that an estimate says beside its terms. */
export interface EstimateFacts {
  readonly inputs: EstimateInputs
  readonly kernel: string
  readonly image: string
  readonly reservedBytes: number
  /** What the distribution reserves on this machine; 0 for nothing. */
  readonly usualBytes: number
  /** Modules of the image of 1 MiB and more. */
  readonly largeModules: readonly { readonly name: string; readonly sizeBytes: number }[]
}

/**
 * Gather the facts.
 *
 * @throws {HostError} if kernel or initramfs is not there
 */
export function readEstimateFacts(
  root: string,
  { conf, load }: EstimateSettings,
  choice: EstimateChoice = {},
): EstimateFacts {
  const facts = readCrashkernelFacts(root)
  const chosen = choice.kernel === undefined ? chooseKernel(load, root) : undefined
  const kernel = choice.kernel ?? path.join(root, chosen?.file ?? '')
  const image = choice.image ?? imageFile(root, chosen?.release ?? facts.release)
  if (!existsSync(image)) {
    throw new HostError(
      `no capture initramfs ${image} to estimate for: build it with kbox rebuild`,
      'ENOENT',
    )
  }
  // One that others packed otherwise is not listed; it counts as packed.
  const files = attempt(() => listInitramfs(image, readFileSync(image)))
  const modules = readModules(root, files ?? [])
  const { bzImage } = readKernelFormat(kernel)
  const kernelBytes = bzImage?.initSizeBytes ?? parseKernelSize(readTree(root, '/proc/iomem'))
  if (kernelBytes === 0) {
    throw new HostError(
      `${kernel} does not say how much memory it needs, and /proc/iomem hides it: run as root`,
    )
  }
  return {
    kernel,
    image,
    reservedBytes: readCrashState(root).reservedBytes,
    usualBytes: usualBytes(facts),
    largeModules: modules.filter(({ sizeBytes }) => sizeBytes >= MIB),
    inputs: {
      kernelBytes,
      initramfsBytes: statSync(image).size,
      unpackedBytes: files?.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      modulesBytes: modules.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      ramBytes: facts.ramBytes,
      pageBytes: facts.has64kPages ? 65_536 : 4096,
      isEncrypted: conf.encryptTo.length > 0,
      hasNetwork: conf.targets.some(({ kind }) => ['nfs', 'ssh', 'http'].includes(kind)),
      luksBytes: Math.max(
        0,
        ...conf.targets.map((target) => {
          const device = findDevice(root, conf, target)
          return device === undefined ? 0 : luksMemory(root, device, facts.arch)
        }),
      ),
      cpus: 1,
    },
  }
}

/** Where kbox start puts the capture initramfs of a release. */
export function imageFile(root: string, release: string): string {
  return path.join(root, defaultImage(release))
}

/** A distribution without a default for this machine recommends nothing. */
function usualBytes(facts: CrashkernelFacts): number {
  try {
    return defaultCrashkernel(facts.distro, facts, facts.isFadump ? 'fadump' : 'kdump').bytes
  } catch {
    return 0
  }
}

/** The size of a loaded module is that in memory; of another, its file's. */
function readModules(
  root: string,
  files: readonly { readonly path: string; readonly sizeBytes: number }[],
): { name: string; sizeBytes: number }[] {
  const loaded = new Map(
    Array.from(readTree(root, '/proc/modules').matchAll(/^(\S+) (\d+) /gm), ([, name, size]) => [
      name,
      Number(size),
    ]),
  )
  return files
    .filter((file) => file.path.endsWith('.ko'))
    .map((file) => {
      const name = path.basename(file.path, '.ko').replaceAll('-', '_')
      return { name, sizeBytes: loaded.get(name) ?? file.sizeBytes }
    })
}

/** Kernel name of the device that a target's file system is on. */
function findDevice(root: string, conf: KdumpConf, target: ConfTarget): string | undefined {
  if (target.kind === 'path') {
    const holder = findMountOf(mountsOf(root), conf.path)
    return holder?.source.startsWith('/dev/') ? kernelName(root, holder.source) : undefined
  }
  if (target.kind !== 'filesystem' && target.kind !== 'raw') return undefined
  const { device } = target
  switch (device.by) {
    case 'node':
      return kernelName(root, device.node)
    case 'uuid':
      return kernelName(root, `/dev/disk/by-uuid/${device.uuid}`)
    case 'label':
      return kernelName(root, `/dev/disk/by-label/${device.label}`)
  }
}

function mountsOf(root: string): ReturnType<typeof readMounts> {
  try {
    return readMounts(root)
  } catch {
    return []
  }
}

/** /dev/mapper/x and /dev/disk/by-… are links to the device's own name. */
function kernelName(root: string, node: string): string | undefined {
  try {
    return path.basename(realpathSync(path.join(root, node)))
  } catch {
    return undefined
  }
}
