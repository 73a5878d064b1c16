// kdumpctl's start: read the configuration, find everything, build the capture image, load it.
// Planning only reads; all that changes the machine happens in `arm`.
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { HostError } from '../../core/base/errors.ts'
import type { CaptureConfig } from '../capture/capture_config.ts'
import { findBreadcrumbFile, markCrumbs } from './breadcrumb_file.ts'
import {
  checkCmdlineLength,
  defaultCmdlineRules,
  findBootCpuApicId,
  prepareCmdline,
} from './capture_cmdline.ts'
import { buildImage, type BuiltImage, type ImageFile } from './initramfs/build_image.ts'
import { findDeviceDrivers, type DeviceDrivers } from './initramfs/device_modules.ts'
import { ModuleIndex, type KernelModule } from './initramfs/module_index.ts'
import type { KdumpConf } from './kdump_conf_model.ts'
import { explainKexecError, loadCrashImage, readKexecFacts } from './kexec.ts'
import {
  readMemTotal,
  resolveRootfs,
  resolveTarget,
  type ResolvedTarget,
} from './resolve_target.ts'
import { planHooks } from './hook_files.ts'
import { findArmedWatchdogs, findWatchdogDrivers } from './watchdog.ts'

/** What the caller may choose instead of what we would find. */
export interface ArmChoices {
  readonly kernel?: string
  readonly runtime?: string
  readonly busybox?: string
  /** Where the initramfs is written. */
  readonly image?: string
  readonly pageOrder?: CaptureConfig['pageOrder']
  readonly stallTimeoutMs?: number
  readonly overallTimeoutMs?: number
  readonly hookTimeoutMs?: number
  /** More words for the capture kernel's command line. */
  readonly append?: string
}

/** What will be loaded, and from which files. */
export interface ArmPlan {
  readonly release: string
  readonly kernel: string
  readonly runtime: string
  readonly busybox: string
  readonly image: string
  readonly targets: readonly ResolvedTarget[]
  readonly modules: readonly KernelModule[]
  /** Keys, hooks and the like. */
  readonly files: readonly ImageFile[]
  readonly cmdline: string
  readonly config: CaptureConfig
  /** Breadcrumb file; '' for none. */
  readonly crumbFile: string
  readonly warnings: readonly string[]
}

const DEVICE_TIMEOUT_MS = 60_000
const STALL_TIMEOUT_MS = 300_000
const OVERALL_TIMEOUT_MS = 6 * 3600_000
const HOOK_TIMEOUT_MS = 300_000

/**
 * Decide what would be loaded, from the configuration and this machine.
 *
 * @throws {KdumpError} if something needed is missing or not supported; the message names it and the remedy
 */
export async function planArm(conf: KdumpConf, choices: ArmChoices = {}): Promise<ArmPlan> {
  const release = os.release()
  const kernel = choices.kernel ?? findKernel(release)
  const targets = await Promise.all(conf.targets.map((target) => resolveTarget(target, conf)))
  const rootfs = conf.failureAction === 'dump_to_rootfs' ? resolveRootfs(conf.path) : undefined
  const warnings: string[] = []
  const memTotal = readMemTotal()
  for (const { availableBytes, warnings: doubts = [] } of targets) {
    warnings.push(...doubts)
    if (availableBytes !== undefined && availableBytes < memTotal)
      warnings.push('There might not be enough space to save a vmcore.')
  }
  const all = rootfs ? [...targets, rootfs] : targets
  const crumbs = findBreadcrumbFile(conf.path)
  const watchdogs = findArmedWatchdogs()
  const hooks = planHooks(conf)
  warnings.push(...hooks.warnings)
  // The disk of the breadcrumbs must be there, its file system need not.
  const disks = crumbs ? [...all, { device: crumbs.device, modules: [] }] : all
  const modules = findModules(
    release,
    disks,
    [...conf.extraModules, ...watchdogs.modules],
    warnings,
  )
  const cmdline = captureCmdline(choices.append ?? '')
  return {
    release,
    kernel,
    runtime: choices.runtime ?? findRuntime(),
    busybox: choices.busybox ?? findExecutable('busybox'),
    image: choices.image ?? `/var/lib/kdump/initramfs-${release}kdump.img`,
    targets,
    modules,
    files: [...all.flatMap(({ files }) => files), ...hooks.files],
    crumbFile: crumbs?.file ?? '',
    cmdline,
    warnings,
    config: {
      version: 2,
      targets: targets.map(({ place }) => place),
      ...(rootfs ? { rootfs: rootfs.place } : {}),
      ...(crumbs ? { breadcrumb: crumbs.place } : {}),
      hooks: hooks.hooks,
      ...(hooks.fence ? { fence: hooks.fence } : {}),
      petsWatchdogs: watchdogs.isAny,
      failureAction: conf.failureAction,
      finalAction: conf.finalAction,
      codec: conf.coreCollector.codec,
      dumpLevels: conf.coreCollector.dumpLevels,
      pageOrder: choices.pageOrder ?? 'priority',
      deviceTimeoutMs:
        conf.deviceTimeoutSeconds === undefined
          ? DEVICE_TIMEOUT_MS
          : conf.deviceTimeoutSeconds * 1000,
      hookTimeoutMs: choices.hookTimeoutMs ?? HOOK_TIMEOUT_MS,
      stallTimeoutMs: choices.stallTimeoutMs ?? STALL_TIMEOUT_MS,
      overallTimeoutMs: choices.overallTimeoutMs ?? OVERALL_TIMEOUT_MS,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      release,
    },
  }
}

/** Build the initramfs of a plan. @throws {HostError} if it cannot be written */
export function buildPlannedImage({
  image,
  busybox,
  runtime,
  modules,
  files,
  config,
}: ArmPlan): BuiltImage {
  return buildImage(image, { busybox, runtime, modules, files, config })
}

/**
 * Load the capture kernel of a plan.
 *
 * @throws {HostError} explaining the kernel's refusal
 */
export function loadPlannedImage(
  { kernel, image, cmdline, crumbFile, release }: ArmPlan,
  reservedBytes: number,
): void {
  try {
    loadCrashImage({ kernel, initrd: image, cmdline })
    if (crumbFile !== '') markCrumbs(crumbFile, 'armed', release)
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    const facts = readKexecFacts(reservedBytes, statSync(kernel).size + statSync(image).size)
    throw new HostError(explainKexecError(error, facts), error.errno, { cause: error })
  }
}

/** What mounting the runtime needs. */
const RUNTIME_MODULES = ['loop', 'squashfs']
const NO_DRIVERS: DeviceDrivers = { modules: [], aliases: [] }

function findModules(
  release: string,
  targets: readonly Pick<ResolvedTarget, 'device' | 'modules'>[],
  extra: readonly string[],
  warnings: string[],
): readonly KernelModule[] {
  const index = new ModuleIndex(findModuleDirectory(release))
  const wanted = [...RUNTIME_MODULES]
  for (const { device, modules } of targets) {
    const drivers = device === undefined ? NO_DRIVERS : findDeviceDrivers(device)
    // The tree is walked upwards from the disk; its bus must come first.
    wanted.push(
      ...drivers.modules.toReversed(),
      ...drivers.aliases.flatMap((alias) => index.find(alias)),
    )
    wanted.push(...modules)
  }
  const needed = index.order(wanted)
  // A driver that is in use but neither a file nor built in came from somewhere else (an out-of-tree module, say).
  if (needed.missing.length > 0) {
    throw new HostError(
      `kernel modules not found in ${index.directory}: ${needed.missing.join(', ')}; run depmod`,
      'ENOENT',
    )
  }
  const all = index.order([...wanted, ...extra])
  for (const name of all.missing) warnings.push(`Module ${name} not found`)
  return all.modules
}

function captureCmdline(append: string): string {
  const rules = defaultCmdlineRules(process.arch)
  const bootCpuApicId = findBootCpuApicId(readFileSync('/proc/cpuinfo', 'utf8'))
  const running = readFileSync('/proc/cmdline', 'utf8').trim()
  const cmdline = prepareCmdline(running, {
    remove: rules.remove,
    append: `${rules.append} ${append}`,
    watchdogDrivers: findWatchdogDrivers(),
    ...(bootCpuApicId === undefined ? {} : { bootCpuApicId }),
  })
  checkCmdlineLength(cmdline)
  return cmdline
}

function findKernel(release: string): string {
  const candidates = [
    ...[
      `/boot/vmlinuz-${release}`,
      `/usr/lib/modules/${release}/vmlinuz`,
      `/lib/modules/${release}/vmlinuz`,
    ],
    ...[`/boot/efi/vmlinuz-${release}`, `/efi/vmlinuz-${release}`, `/vmlinuz-${release}`],
  ]
  const found = candidates.find((file) => existsSync(file))
  if (found) return found
  throw new HostError(
    `Failed to detect kdump kernel location (looked for ${candidates.join(', ')}): give --kernel FILE`,
    'ENOENT',
  )
}

function findModuleDirectory(release: string): string {
  const candidates = [`/lib/modules/${release}`, `/usr/lib/modules/${release}`]
  return (
    candidates.find((folder) => existsSync(path.join(folder, 'modules.dep'))) ??
    `/lib/modules/${release}`
  )
}

/**
 * Find the runtime image: beside the bundle, in dist/ of a checkout, or where a package puts it.
 *
 * @throws {HostError} saying how to build it
 */
export function findRuntime(): string {
  const name = 'runtime.squashfs'
  const here = import.meta.dirname
  const candidates = [
    process.env['KBOX_RUNTIME'] ?? '',
    path.join(here, name),
    path.join(here, '../../../dist', name),
    path.join('/usr/lib/kbox', name),
  ].filter((file) => file !== '')
  const found = candidates.find((file) => existsSync(file))
  if (found) return found
  throw new HostError(
    `${name} is missing (looked for ${candidates.join(', ')}): build it with scripts/build_runtime.ts`,
    'ENOENT',
  )
}

function findExecutable(name: string): string {
  const folders = [
    '/usr/lib/kbox',
    ...(process.env['PATH'] ?? '').split(':'),
    '/bin',
    '/usr/bin',
    '/sbin',
    '/usr/sbin',
  ]
  for (const folder of folders) {
    const file = path.join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // The next folder may have it.
    }
  }
  throw new HostError(`${name} is missing: install busybox-static`, 'ENOENT')
}
