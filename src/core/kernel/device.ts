// The driver model, and device numbers. Source: drivers/base/, fs/char_dev.c, block/genhd.c.
import { CorruptError, NotFoundError } from '../base/errors.ts'
import { wrap64 } from '../base/addr.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { containerOf, forEachNode, listForEachEntry } from './list.ts'

/** MINORBITS. @source include/linux/kdev_t.h */
const MINOR_BITS = 20
/** CHRDEV_MAJOR_HASH_SIZE, BLKDEV_MAJOR_HASH_SIZE, and the probes of a kobj_map. */
const MAJOR_HASH_SIZE = 255

/** Number of a device's driver. @source include/linux/kdev_t.h MAJOR() */
export const majorOf = (dev: number): number => dev >>> MINOR_BITS
/** Number of a device among its driver's. @source include/linux/kdev_t.h MINOR() */
export const minorOf = (dev: number): number => dev & ((1 << MINOR_BITS) - 1)

/**
 * Find what the driver core keeps of a class.
 *
 * @param classAddress address of a `struct class`
 * @throws {NotFoundError} if it is not registered
 * @source drivers/base/class.c class_to_subsys()
 */
export function classToSubsys(program: Program, classAddress: bigint): KObject<'subsys_private'> {
  const klass = program.objectAt('struct class', classAddress)
  // Since v6.4, commit 2df418cf4b72 ("driver core: class: remove subsystem private pointer from struct class").
  const own = klass.find('p')
  if (own) return own.deref().cast('struct subsys_private')
  const kset = program.object('class_kset', 'struct kset *').deref()
  for (const object of listForEachEntry(kset.get('list'), 'struct kobject', 'entry')) {
    const set = containerOf(object, object.address, 'struct kset', 'kobj')
    const subsys = containerOf<'subsys_private'>(
      set,
      set.address,
      'struct subsys_private',
      'subsys',
    )
    if (subsys.pointer('class') === classAddress) return subsys
  }
  throw new NotFoundError('symbol', `class at 0x${classAddress.toString(16)}`)
}

/** Walk the devices of a class, in order of registration. @source drivers/base/class.c class_for_each_device() */
export function* forEachClassDevice(
  program: Program,
  classAddress: bigint,
): Generator<KObject<'device'>> {
  const list = classToSubsys(program, classAddress).get('klist_devices.k_list')
  // Since v5.1, commit 570d0200123f ("driver core: move device->knode_class to device_private").
  const isPrivate = program.objectAt('struct device_private', 0n).has('knode_class')
  const holder = isPrivate ? 'struct device_private' : 'struct device'
  for (const node of listForEachEntry(list, 'struct klist_node', 'n_node')) {
    const held = containerOf(node, node.address, holder, 'knode_class')
    yield isPrivate
      ? held.get('device').deref().cast<'device'>('struct device')
      : held.cast<'device'>('struct device')
  }
}

/** A range of character device numbers. */
export interface Chrdev {
  readonly major: number
  readonly firstMinor: number
  readonly minorCount: number
  readonly name: string
  /** Undefined for a range whose devices have a cdev each elsewhere, or none. */
  readonly cdev: KObject<'cdev'> | undefined
}

/** Walk the registered character devices, by major number. @source fs/char_dev.c chrdev_show() */
export function* forEachChrdev(program: Program): Generator<Chrdev> {
  const heads = program.object('chrdevs', `struct char_device_struct *[${MAJOR_HASH_SIZE}]`)
  for (const head of heads) {
    for (const device of chain(head, 'char_device_struct')) {
      const major = device.number('major')
      const firstMinor = device.number('baseminor')
      const cdev = device.pointer('cdev') || findCdev(program, major, firstMinor)
      yield {
        major,
        firstMinor,
        minorCount: device.number('minorct'),
        name: device.string('name'),
        cdev: cdev === 0n ? undefined : program.objectAt('struct cdev', cdev),
      }
    }
  }
}

/** A chain of structs with a member `next`. */
function* chain<T extends string>(head: KObject, name: T): Generator<KObject<T>> {
  const { program } = head
  const next = BigInt(program.offsetof(`struct ${name}`, 'next'))
  for (const address of forEachNode(
    (at) => program.memory.u64(wrap64(at + next)),
    head.pointer(),
    (at) => at === 0n,
  ))
    yield program.objectAt<T>(`struct ${name}`, address)
}

/** The cdev that opening a number leads to first: cdev_add() without register_chrdev(). @source drivers/base/map.c kobj_lookup() */
function findCdev(program: Program, major: number, minor: number): bigint {
  if (!program.hasSymbol('cdev_map') || !program.hasType('struct probe')) return 0n
  const map = program.object('cdev_map', 'struct kobj_map *')
  if (map.isNull()) return 0n
  const wanted = major * 2 ** MINOR_BITS + minor
  for (const probe of chain(
    map
      .deref()
      .get('probes')
      .at(major % MAJOR_HASH_SIZE),
    'probe',
  )) {
    // The last one, of the whole range, only loads modules.
    if (probe.number('dev') === wanted && probe.bigint('range') < 1n << 32n)
      return probe.pointer('data')
  }
  return 0n
}

/** A block device's major number and what registered it. */
export interface BlkdevMajor {
  readonly major: number
  readonly name: string
}

/** Walk the registered major numbers of block devices, hash chain by hash chain. @source block/genhd.c blkdev_show() */
export function* forEachBlkdevMajor(program: Program): Generator<BlkdevMajor> {
  const heads = program.object('major_names', `struct blk_major_name *[${MAJOR_HASH_SIZE}]`)
  for (const head of heads) {
    for (const entry of chain(head, 'blk_major_name'))
      yield { major: entry.number('major'), name: entry.string('name') }
  }
}

/** Something of the machine's ports or memory that somebody claimed. */
export interface ClaimedResource {
  readonly resource: KObject<'resource'>
  readonly depth: number
}

/** Resources nest as buses do, a few levels. */
const RESOURCE_DEPTH_LIMIT = 64
const RESOURCE_LIMIT = 1_000_000

/**
 * Walk a resource and all it is divided into: /proc/ioports, /proc/iomem.
 *
 * @param root `struct resource`: ioport_resource or iomem_resource
 * @yields the root first, then what lies in it, by address
 * @throws {CorruptError} after the good ones, if the tree does not end
 * @source kernel/resource.c r_next()
 */
export function* forEachResource(root: KObject, depth = 0): Generator<ClaimedResource> {
  const { program } = root
  const sibling = BigInt(program.offsetof('struct resource', 'sibling'))
  yield { resource: root.cast('struct resource'), depth }
  if (depth >= RESOURCE_DEPTH_LIMIT) throw new CorruptError(root.address, 'resources do not end')
  let count = 0
  for (const address of forEachNode(
    (at) => program.memory.u64(wrap64(at + sibling)),
    root.pointer('child'),
    (at) => at === 0n,
  )) {
    if (++count > RESOURCE_LIMIT) throw new CorruptError(address, 'resources do not end')
    yield* forEachResource(program.objectAt('struct resource', address), depth + 1)
  }
}
