// Decides, for a configuration and the devices of its targets, who makes the image and which modules go into it.
import { HostError } from '../../../core/base/errors.ts'
import type { FrozenNetwork } from '../reach/freeze_network.ts'
import type { KdumpConf } from '../config/kdump_conf_model.ts'
import type { ResolvedTarget } from '../reach/resolve_target.ts'
import type { StorageDevice, StorageNeeds } from './build_image.ts'
import { findModuleDirectory } from '../load/kernel/choose_kernel.ts'
import { chooseBackend } from './choose_backend.ts'
import { findDeviceDrivers, type DeviceDrivers, type StorageLayer } from './device_modules.ts'
import type { ImageBackend } from './image_backend.ts'
import { findNetworkModules } from './network_modules.ts'
import { ModuleIndex, moduleName, type KernelModule, type LoadOrder } from './module_index.ts'

/** What is asked of the image. */
export interface ImageNeeds {
  readonly release: string
  /** All targets, the root file system among them if it may be dumped to. */
  readonly targets: readonly Pick<ResolvedTarget, 'device' | 'modules' | 'place'>[]
  /** More disks that must appear, `major:minor`: that of the breadcrumbs. */
  readonly moreDevices?: readonly string[]
  /** The way to targets behind a network. */
  readonly network?: FrozenNetwork | undefined
  readonly conf: Pick<
    KdumpConf,
    'extraModules' | 'omitModules' | 'moduleOptions' | 'initramfs' | 'dracutArgs'
  >
}

/** What the image will be made of, and by whom. */
export interface ImagePlan {
  readonly backend: ImageBackend
  /** Why it is that one, for people. */
  readonly reason: string
  /** What /init loads, in that order. */
  readonly modules: readonly KernelModule[]
  /** Absent where /init brings up the disks itself. */
  readonly storage?: StorageNeeds
  /** More words for the capture kernel's command line. */
  readonly append: string
  readonly warnings: readonly string[]
}

const LUKS_WARNING =
  'a target lies on LUKS: unless its key is in the image, the capture kernel asks for a passphrase that nobody may be there to type'
/** What mounting the runtime needs. */
const RUNTIME_MODULES = ['loop', 'squashfs']

/**
 * Plan an image.
 *
 * @param root where sys/ and lib/modules are found
 * @throws {HostError} if a module of a device in use is nowhere, or no back-end serves a device
 */
export function planImage(
  { release, targets, moreDevices = [], network, conf }: ImageNeeds,
  root = '/',
): ImagePlan {
  const index = new ModuleIndex(findModuleDirectory(release, root))
  const devices = [
    ...targets.flatMap(({ device }) => (device === undefined ? [] : [device])),
    ...moreDevices,
  ]
  const drivers = devices.map((device) => findDeviceDrivers(device, root))
  const layers = [...new Set(drivers.flatMap((found) => found.layers))]
  const { backend, reason } = chooseBackend(conf.initramfs, layers, root)
  const isOurs = backend.name === 'builtin'
  const warnings: string[] = []
  const order = (names: readonly string[]): LoadOrder => index.order(names, conf.omitModules)
  const bus = drivers.flatMap((found) => driverNames(found, index))
  const wanted = [
    ...RUNTIME_MODULES,
    ...(network ? findNetworkModules(network, index, root) : []),
    ...(isOurs ? bus : []),
    ...targets.flatMap(({ modules }) => modules),
  ]
  // A driver that is in use but neither a file nor built in came from somewhere else (an out-of-tree module, say).
  const { missing, omitted } = order([...wanted, ...bus])
  if (missing.length > 0)
    throw new HostError(
      `kernel modules not found in ${index.directory}: ${missing.join(', ')}; run depmod`,
      'ENOENT',
    )
  for (const name of omitted)
    warnings.push(`Module ${name} is left out as configured, but a target needs it`)
  if (layers.includes('LUKS')) warnings.push(LUKS_WARNING)
  const all = order([...wanted, ...conf.extraModules])
  for (const name of all.missing) warnings.push(`Module ${name} not found`)
  const options = parseModuleOptions(conf.moduleOptions)
  return {
    backend,
    reason,
    modules: all.modules.map((module) => withParameters(module, options)),
    ...(isOurs ? {} : { storage: storageOf(targets, layers, order(bus), conf.dracutArgs) }),
    append: [backend.append, bootOptions(conf.moduleOptions, options, index, isOurs)]
      .filter(Boolean)
      .join(' '),
    warnings,
  }
}

/** The tree is walked upwards from the disk; its bus must come first. */
function driverNames({ modules, aliases }: DeviceDrivers, index: ModuleIndex): string[] {
  return [...modules.toReversed(), ...aliases.flatMap((alias) => index.find(alias))]
}

function storageOf(
  targets: ImageNeeds['targets'],
  layers: readonly StorageLayer[],
  { modules }: LoadOrder,
  dracutArgs: string,
): StorageNeeds {
  const devices = targets.flatMap(({ place }): StorageDevice[] => {
    if (place.kind === 'filesystem') return [{ node: place.node, uuid: place.uuid }]
    return place.kind === 'raw' ? [{ node: place.node, uuid: '' }] : []
  })
  return { layers, devices, drivers: modules.map(({ name }) => name), dracutArgs }
}

/** `module.option=value` by module. */
function parseModuleOptions(words: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const options = new Map<string, string[]>()
  for (const word of words) {
    const dot = word.indexOf('.')
    if (dot < 1) continue
    const name = moduleName(word.slice(0, dot))
    options.set(name, [...(options.get(name) ?? []), word.slice(dot + 1)])
  }
  return options
}

function withParameters(
  module: KernelModule,
  options: ReadonlyMap<string, readonly string[]>,
): KernelModule {
  const parameters = options.get(module.name)
  return parameters ? { ...module, parameters } : module
}

/** Options for the command line: what is built in reads them there, and so does modprobe in others' images. */
function bootOptions(
  words: readonly string[],
  options: ReadonlyMap<string, readonly string[]>,
  index: ModuleIndex,
  isOurs: boolean,
): string {
  const named = [...options.keys()].filter((name) => !isOurs || index.isBuiltin(name))
  return words.filter((word) => named.includes(moduleName(word.split('.')[0] ?? ''))).join(' ')
}
