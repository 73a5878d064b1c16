// Puts the capture initramfs together: busybox, /init, modules, configuration and the runtime, as one cpio archive.
// Nothing is compressed: the bulk is a squashfs, which cannot shrink, and unpacking would cost the capture kernel memory.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import { readInterpreter } from '../../platform/elf_needed.ts'
import { CRUMB_AREAS, CRUMB_BLOCK_SIZE } from '../../capture/breadcrumb_layout.ts'
import type { BreadcrumbPlace, CaptureConfig } from '../../capture/capture_config.ts'
import type { FilesystemPlace } from '../../target/place.ts'
import { writeCpio, type CpioEntry } from './cpio.ts'
import type { StorageLayer } from './device_modules.ts'
import { APPLETS, formatShellConfig, IMAGE, INIT_SCRIPT, type ShellConfig } from './init_script.ts'
import { findModuleFirmware } from './module_firmware.ts'
import { readModule } from './module_file.ts'
import type { KernelModule } from './module_index.ts'

/** What goes into an image. */
export interface ImageInputs {
  readonly busybox: string
  /** runtime.squashfs: Node, its libraries and kbox. */
  readonly runtime: string
  /** In the order of loading. */
  readonly modules: readonly KernelModule[]
  /** Keys, hooks, and what hooks need. */
  readonly files: readonly ImageFile[]
  readonly config: CaptureConfig
  /** For the distribution's tools; absent where /init brings up the disks itself. */
  readonly storage?: StorageNeeds
}

/** What must be set up before /init can find the targets' devices. */
export interface StorageNeeds {
  readonly layers: readonly StorageLayer[]
  /** What must be there: the nodes on this machine, and the UUIDs of their file systems ('' where there is none). */
  readonly devices: readonly StorageDevice[]
  /** Modules of the disks below. */
  readonly drivers: readonly string[]
  /** More arguments for dracut, as kdump.conf has them. */
  readonly dracutArgs: string
}

/** A device that the capture kernel must have. */
export interface StorageDevice {
  readonly node: string
  readonly uuid: string
}

/** A file that is copied into the image. */
export interface ImageFile {
  /** Path in the image, without a leading slash. */
  readonly path: string
  /** File of this machine. */
  readonly source: string
  readonly mode: number
}

/** One line of the size report. */
export interface ImagePart {
  readonly path: string
  readonly sizeBytes: number
}

/** What was built, for the report. */
export interface BuiltImage {
  readonly file: string
  readonly sizeBytes: number
  /** Largest first. */
  readonly parts: readonly ImagePart[]
}

/**
 * Write the initramfs. The file appears only when it is whole.
 *
 * @throws {HostError} if an input is missing or unfit
 */
export function buildImage(file: string, inputs: ImageInputs): BuiltImage {
  const entries = [...imageEntries(inputs), runtimeEntry(inputs)]
  const sizeBytes = writeImage(file, (fd) => void writeCpio(fd, entries))
  return { file, sizeBytes, parts: imageParts(entries) }
}

/**
 * Write a file so that it appears only when it is whole.
 *
 * @returns its size in bytes
 * @throws {HostError} if that is not possible
 */
export function writeImage(file: string, write: (fd: number) => void): number {
  mkdirSync(path.dirname(file), { recursive: true })
  const unfinished = `${file}.tmp`
  try {
    const fd = openSync(unfinished, 'w', 0o600)
    try {
      write(fd)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(unfinished, file)
  } catch (cause) {
    rmSync(unfinished, { force: true })
    if (cause instanceof HostError) throw cause
    // Node names the call only: "ENOSPC: no space left on device, write".
    const reason = cause instanceof Error ? cause.message.replace(/, write$/, '') : 'failed'
    throw new HostError(`${file}: cannot be written: ${reason}`, '', { cause })
  }
  return statSync(file).size
}

/**
 * List what goes into the image before the runtime, folders first. The runtime is the bulk and comes last: an image that
 * does not fit into memory still has its /init.
 *
 * @throws {HostError} if an input is missing or unfit
 */
export function imageEntries({ busybox, modules, files: more, config }: ImageInputs): CpioEntry[] {
  checkStatic(busybox)
  const firmware = new Map<string, ImageFile>()
  const moduleEntries = modules.map(({ name, file }): CpioEntry => {
    const content = readModule(file, busybox)
    for (const found of findModuleFirmware(content, config.release)) firmware.set(found.path, found)
    return { kind: 'file', path: `${IMAGE.modules}/${name}.ko`, mode: 0o600, content }
  })
  const files: CpioEntry[] = [
    text('init', 0o755, INIT_SCRIPT),
    { kind: 'file', path: 'bin/busybox', mode: 0o755, content: readFileSync(busybox) },
    ...APPLETS.map((applet): CpioEntry => ({
      kind: 'symlink',
      path: `bin/${applet}`,
      target: 'busybox',
    })),
    text(IMAGE.config, 0o600, `${JSON.stringify(config, null, 2)}\n`),
    text(IMAGE.shellConfig, 0o600, formatShellConfig(shellConfig(config))),
    text(IMAGE.moduleList, 0o600, modules.map(formatModule).join('')),
    ...moduleEntries,
    ...[...firmware.values(), ...more].map(({ path: to, source, mode }): CpioEntry => {
      return { kind: 'file', path: to, mode, content: { source, sizeBytes: sizeOf(source) } }
    }),
  ]
  const mountpoints = ['proc', 'sys', 'dev', 'run', 'mnt', 'tmp', 'root']
  const console: CpioEntry = {
    kind: 'device',
    path: 'dev/console',
    mode: 0o600,
    major: 5,
    minor: 1,
  }
  return [
    ...foldersOf([
      ...files.map((entry) => entry.path),
      ...mountpoints.map((name) => `${name}/.`),
      IMAGE.runtime,
    ]),
    console,
    ...files,
  ]
}

/** The runtime as it lies in the image. @throws {HostError} if it is missing */
export function runtimeEntry({ runtime }: ImageInputs): CpioEntry {
  return {
    kind: 'file',
    path: IMAGE.runtime,
    mode: 0o600,
    content: { source: runtime, sizeBytes: sizeOf(runtime) },
  }
}

/** A line of the list that /init reads: a module's name, then its parameters. */
function formatModule({ name, parameters = [] }: KernelModule): string {
  return `${[name, ...parameters].join(' ')}\n`
}

/** The shell saves to the first disk among the targets; without one, it only follows the failure action. */
function shellConfig(config: CaptureConfig): ShellConfig {
  const { targets, rootfs, breadcrumb, failureAction, stallTimeoutMs, overallTimeoutMs } = config
  const places = rootfs ? [...targets, rootfs] : targets
  const disk = places.find((place): place is FilesystemPlace => place.kind === 'filesystem')
  return {
    fstype: disk?.fstype ?? '',
    uuid: disk?.uuid ?? '',
    node: disk?.node ?? '',
    options: disk?.options ?? '',
    directory: disk?.directory ?? '',
    // The shell knows no other root: for it, dump_to_rootfs means reboot.
    failureAction: failureAction === 'dump_to_rootfs' ? 'reboot' : failureAction,
    ...shellCrumbs(breadcrumb),
    watchdog: config.petsWatchdogs === true ? '1' : '',
    encrypted: config.encryptTo ? '1' : '',
    stallSeconds: Math.ceil(stallTimeoutMs / 1000),
    overallSeconds: Math.ceil(overallTimeoutMs / 1000),
  }
}

/** The shell knows no pieces: its blocks must lie in the first one, as they all but always do. */
function shellCrumbs(
  place: BreadcrumbPlace | undefined,
): Pick<ShellConfig, 'crumbUuid' | 'crumbNode' | 'crumbNonce' | 'crumbBlock'> {
  const { firstBlock, blockCount } = CRUMB_AREAS.shell
  const [first] = place?.extents ?? []
  const isWithin = first && first.sizeBytes >= (firstBlock + blockCount) * CRUMB_BLOCK_SIZE
  if (!place || !isWithin) return { crumbUuid: '', crumbNode: '', crumbNonce: '', crumbBlock: 0 }
  return {
    crumbUuid: place.uuid,
    crumbNode: place.node,
    crumbNonce: place.nonce,
    crumbBlock: first.offsetBytes / CRUMB_BLOCK_SIZE + firstBlock,
  }
}

function foldersOf(paths: readonly string[]): CpioEntry[] {
  const folders = new Set<string>()
  for (const file of paths) {
    const parts = file.split('/').slice(0, -1)
    for (let depth = 1; depth <= parts.length; depth++) folders.add(parts.slice(0, depth).join('/'))
  }
  return [...folders]
    .sort()
    .map((folder): CpioEntry => ({ kind: 'directory', path: folder, mode: 0o755 }))
}

/** List the files among entries, largest first. */
export function imageParts(entries: readonly CpioEntry[]): ImagePart[] {
  const parts: ImagePart[] = []
  for (const entry of entries) {
    if (entry.kind !== 'file') continue
    const { content } = entry
    parts.push({
      path: entry.path,
      sizeBytes: 'source' in content ? content.sizeBytes : content.length,
    })
  }
  return parts.sort((a, b) => b.sizeBytes - a.sizeBytes)
}

function text(file: string, mode: number, content: string): CpioEntry {
  return { kind: 'file', path: file, mode, content: Buffer.from(content) }
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size
  } catch (cause) {
    const remedy = file.endsWith('.squashfs')
      ? ': build the runtime image first (scripts/build_runtime.ts)'
      : ''
    throw new HostError(`${file} is missing${remedy}`, 'ENOENT', { cause })
  }
}

function checkStatic(busybox: string): void {
  if (readInterpreter(busybox) === undefined) return
  throw new HostError(
    `${busybox} needs shared libraries; the capture image needs a static one: install busybox-static`,
  )
}
