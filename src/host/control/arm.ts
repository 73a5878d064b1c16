// What would be loaded to wait for a crash: kernel, capture image and command line, from the configuration and the facts of
// a machine. Planning only reads; rebuild.ts builds the image, load_image.ts loads it.
import { accessSync, constants, existsSync } from 'node:fs'
import path from 'node:path'
import { HostError, KdumpError } from '../../core/base/errors.ts'
import type { CaptureConfig } from '../capture/capture_config.ts'
import {
  checkCmdlineLength,
  planCmdline,
  readMachine,
  type CmdlineWord,
  type MoreWords,
} from './load/capture_cmdline.ts'
import { type CoreCollector, printsProgress } from './config/core_collector.ts'
import {
  freezeNetwork,
  networkNeedOf,
  type FrozenNetwork,
  type NetworkNeed,
} from './reach/freeze_network.ts'
import type { ImageFile, StorageNeeds } from './initramfs/build_image.ts'
import type { ImageBackend } from './initramfs/image_backend.ts'
import type { KernelModule } from './initramfs/module_index.ts'
import { planImage } from './initramfs/plan_image.ts'
import type { KdumpConf } from './config/kdump_conf_model.ts'
import { chooseKernel, readRunningRelease } from './load/kernel/choose_kernel.ts'
import { checkKernelFile, cmdlineMaxOf } from './load/kernel/check_kernel.ts'
import { readKernelFormat } from './load/kernel/kernel_format.ts'
import { planRecorder } from './plan_recorder.ts'
import { DEFAULT_LOAD_SETTINGS, type LoadSettings } from './config/load_settings.ts'
import {
  readMemTotal,
  resolveRootfs,
  resolveTarget,
  type ResolvedTarget,
} from './reach/resolve_target.ts'

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
  /** What the files beside kdump.conf say of kernel and command line. */
  readonly settings?: LoadSettings
  /** An image made by another version is built anew. */
  readonly kboxVersion?: string
  /** Where boot/, dev/, etc/, lib/, proc/, run/ and sys/ are found: `/`, or a copied tree to plan for. */
  readonly root?: string
}

/** What will be loaded, and from which files. */
export interface ArmPlan {
  /** Release of the capture kernel. */
  readonly release: string
  /** The file that is loaded. */
  readonly kernel: string
  /** The file it comes from: another one where the kernel is part of a unified kernel image. */
  readonly kernelSource: string
  /** Why this kernel. */
  readonly kernelReason: string
  readonly runtime: string
  readonly busybox: string
  readonly image: string
  readonly targets: readonly ResolvedTarget[]
  /** Who makes the image, and why. */
  readonly backend: ImageBackend
  readonly backendReason: string
  readonly modules: readonly KernelModule[]
  /** What must be set up before the targets' devices are there; absent for plain disks. */
  readonly storage?: StorageNeeds
  /** Keys, hooks and the like. */
  readonly files: readonly ImageFile[]
  readonly cmdline: string
  /** Why each word of it is there, and which are not. */
  readonly cmdlineWords: readonly CmdlineWord[]
  /** Words of it that this image and this start bring. */
  readonly words: MoreWords
  /** Name of the platform, '' if it is not one we know. */
  readonly platform: string
  /** What command line and load were made by. */
  readonly settings: LoadSettings
  readonly config: CaptureConfig
  /** Breadcrumb file; '' for none. */
  readonly crumbFile: string
  readonly kboxVersion: string
  readonly warnings: readonly string[]
}

/** Images and what belongs to them; never in /boot, which is small and may be read-only. */
const STATE_FOLDER = '/var/lib/kdump'
const RUNTIME = '/usr/lib/kbox/runtime.squashfs'
const BUSYBOX = '/usr/lib/kbox/busybox'
const DEVICE_TIMEOUT_MS = 60_000
const LINK_TIMEOUT_MS = 60_000
const STALL_TIMEOUT_MS = 300_000
const OVERALL_TIMEOUT_MS = 6 * 3600_000
const HOOK_TIMEOUT_MS = 300_000

/**
 * Decide what would be loaded, from the configuration and a machine.
 *
 * @throws {KdumpError} if something needed is missing or not supported; the message names it and the remedy
 */
export async function planArm(conf: KdumpConf, choices: ArmChoices = {}): Promise<ArmPlan> {
  const { root = '/', settings = DEFAULT_LOAD_SETTINGS } = choices
  const warnings: string[] = []
  const { kernel, cmdlineMax, problem } = planKernel(choices, settings, root)
  if (problem !== '') warnings.push(problem)
  const { targets, rootfs } = await findTargets(conf, root, warnings)
  const all = rootfs ? [...targets, rootfs] : targets
  const recorder = await planRecorder(conf, root)
  const network = freezeNetworkTo({ targets, wished: recorder.needs, conf, root, warnings })
  const planned = planImage(
    {
      release: kernel.release,
      targets: all,
      moreDevices: recorder.devices,
      network,
      conf: { ...conf, extraModules: [...conf.extraModules, ...recorder.modules] },
    },
    root,
  )
  warnings.push(...recorder.warnings, ...planned.warnings)
  const words = { image: planned.append, asked: choices.append ?? '' }
  const cmdline = planCmdline(settings, words, root)
  checkCmdlineLength(cmdline.text, cmdlineMax)
  return {
    ...kernel,
    runtime: choices.runtime ?? findPart(root, warnings, RUNTIME, findRuntime),
    busybox: choices.busybox ?? findPart(root, warnings, BUSYBOX, () => findExecutable('busybox')),
    image: choices.image ?? defaultImage(kernel.release),
    targets,
    backend: planned.backend,
    backendReason: planned.reason,
    modules: planned.modules,
    ...(planned.storage ? { storage: planned.storage } : {}),
    files: [...all.flatMap(({ files }) => files), ...recorder.files],
    crumbFile: recorder.crumbFile,
    cmdline: cmdline.text,
    cmdlineWords: cmdline.words,
    words,
    platform: cmdline.platform,
    settings,
    kboxVersion: choices.kboxVersion ?? '',
    warnings,
    config: {
      version: 2,
      targets: targets.map(({ place }) => place),
      ...(rootfs ? { rootfs: rootfs.place } : {}),
      ...(network ? { network: network.plan } : {}),
      ...recorder.config,
      ...(conf.encryptTo.length > 0 ? { encryptTo: conf.encryptTo } : {}),
      failureAction: conf.failureAction,
      finalAction: conf.finalAction,
      ...collectorConfig(conf.coreCollector),
      ...(choices.pageOrder === undefined ? {} : { pageOrder: choices.pageOrder }),
      ...timeouts(conf, choices),
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      release: readRunningRelease(root),
    },
  }
}

/** Where dumps go, and what is doubtful about it. */
async function findTargets(
  conf: KdumpConf,
  root: string,
  warnings: string[],
): Promise<{ readonly targets: ResolvedTarget[]; readonly rootfs: ResolvedTarget | undefined }> {
  const targets = await Promise.all(conf.targets.map((target) => resolveTarget(target, conf, root)))
  const memTotal = readMemTotal(root)
  for (const { availableBytes, warnings: doubts = [] } of targets) {
    warnings.push(...doubts)
    if (availableBytes !== undefined && availableBytes < memTotal)
      warnings.push('There might not be enough space to save a vmcore.')
  }
  const isNeeded = conf.failureAction === 'dump_to_rootfs'
  return { targets, rootfs: isNeeded ? resolveRootfs(conf.path, root) : undefined }
}

/** How long each wait of the recorder may take. */
function timeouts(
  { deviceTimeoutSeconds }: KdumpConf,
  { hookTimeoutMs, stallTimeoutMs, overallTimeoutMs }: ArmChoices,
): Pick<
  CaptureConfig,
  'deviceTimeoutMs' | 'hookTimeoutMs' | 'stallTimeoutMs' | 'overallTimeoutMs'
> {
  return {
    deviceTimeoutMs:
      deviceTimeoutSeconds === undefined ? DEVICE_TIMEOUT_MS : deviceTimeoutSeconds * 1000,
    hookTimeoutMs: hookTimeoutMs ?? HOOK_TIMEOUT_MS,
    stallTimeoutMs: stallTimeoutMs ?? STALL_TIMEOUT_MS,
    overallTimeoutMs: overallTimeoutMs ?? OVERALL_TIMEOUT_MS,
  }
}

/** What the recorder is told of the dump itself. */
function collectorConfig(
  collector: CoreCollector,
): Pick<CaptureConfig, 'codec' | 'dumpLevels' | 'format' | 'isQuiet' | 'pageOrder' | 'threads'> {
  const { codec, dumpLevels, format, pageOrder, threads } = collector
  return {
    codec,
    dumpLevels,
    pageOrder,
    ...(format === 'elf' ? { format } : {}),
    ...(threads === undefined ? {} : { threads }),
    ...(printsProgress(collector) ? {} : { isQuiet: true }),
  }
}

/** Where the image of a release is unless another place is asked for. */
export function defaultImage(release: string): string {
  return path.join(STATE_FOLDER, `initramfs-${release}kdump.img`)
}

/** Freeze the network if somebody must be reached; those who only should be are no reason not to arm the machine. */
function freezeNetworkTo({
  targets,
  wished,
  conf: { linkTimeoutSeconds },
  root,
  warnings,
}: {
  readonly targets: readonly ResolvedTarget[]
  readonly wished: readonly NetworkNeed[]
  readonly conf: KdumpConf
  readonly root: string
  readonly warnings: string[]
}): FrozenNetwork | undefined {
  const needs = targets.flatMap(({ place }) => networkNeedOf(place) ?? [])
  const timeoutMs = linkTimeoutSeconds === undefined ? LINK_TIMEOUT_MS : linkTimeoutSeconds * 1000
  const freeze = (all: readonly NetworkNeed[]): FrozenNetwork | undefined =>
    all.length === 0 ? undefined : freezeNetwork(all, timeoutMs, root)
  try {
    return freeze([...needs, ...wished])
  } catch (error) {
    if (wished.length === 0 || !(error instanceof KdumpError)) throw error
    const frozen = freeze(needs)
    warnings.push(`the cluster's nodes will not be told: ${error.message}`)
    return frozen
  }
}

/** The parts of a copied tree's machine are here only if this machine has the same: a plan can be made without them. */
function findPart(root: string, warnings: string[], usual: string, find: () => string): string {
  if (root === '/') return find()
  if (!existsSync(path.join(root, usual))) warnings.push(`${usual} is not in ${root}`)
  return usual
}

/** The kernel, and what its file says; in a copied tree the file may be a stub, which is only warned of. */
interface PlannedKernel {
  readonly kernel: Pick<ArmPlan, 'release' | 'kernel' | 'kernelSource' | 'kernelReason'>
  readonly cmdlineMax: number
  readonly problem: string
}

function planKernel(choices: ArmChoices, settings: LoadSettings, root: string): PlannedKernel {
  const named = choices.kernel === undefined ? {} : { kernel: path.resolve(choices.kernel) }
  const { file, release, reason } = chooseKernel({ ...settings, ...named }, root)
  const format = readKernelFormat(path.join(root, file))
  const machine = readMachine(root)
  let problem = ''
  try {
    checkKernelFile(file, format, settings.kexecMode, machine)
  } catch (error) {
    if (root === '/' || !(error instanceof HostError)) throw error
    problem = error.message
  }
  const isUki = format.kind === 'uki'
  const kernel = isUki ? path.join(STATE_FOLDER, `vmlinuz-${release}.uki`) : file
  return {
    kernel: { release, kernel, kernelSource: file, kernelReason: reason },
    cmdlineMax: cmdlineMaxOf(format, machine),
    problem,
  }
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
    // Of a checkout: from the bundle, and from the sources.
    path.join(here, '..', name),
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
