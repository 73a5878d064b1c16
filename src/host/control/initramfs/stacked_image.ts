// An image around one that the distribution's tools made: theirs brings up LVM, RAID and the like, ours does the rest.
// Ours lies whole in a folder of its own, /kbox, and is entered by chroot when the devices are there. A guard started
// before their /init enters it after a while in any case. Three archives, one behind the other: ours without the
// runtime, theirs, the runtime; so what does not fit into memory last is what matters least.
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { FormatError } from '../../../core/base/errors.ts'
import {
  imageEntries,
  imageParts,
  runtimeEntry,
  writeImage,
  type BuiltImage,
  type ImageInputs,
  type StorageNeeds,
} from './build_image.ts'
import { writeCpio, type CpioEntry } from './cpio.ts'
import { listInitramfs } from './cpio_list.ts'
import { BASE_SCRIPTS, readyScript, bootScript, ENTER_SCRIPT } from './stacked_scripts.ts'

/** Makes the other image: a cpio archive, as it is or in gzip. */
export type BaseBuilder = (folder: string, storage: StorageNeeds, release: string) => string

const NO_STORAGE: StorageNeeds = { layers: [], devices: [], drivers: [], dracutArgs: '' }
/** On top of the target's own timeout: udev and the tools want some time even where nothing is slow. */
const GUARD_EXTRA_SECONDS = 60

/**
 * Build such an image.
 *
 * @throws {HostError} if an input is missing or unfit, or the other tool failed
 */
export function buildStackedImage(
  file: string,
  inputs: ImageInputs,
  buildBase: BaseBuilder,
): BuiltImage {
  const storage = inputs.storage ?? NO_STORAGE
  mkdirSync(path.dirname(file), { recursive: true })
  // Beside the image: /tmp may be memory.
  const folder = mkdtempSync(path.join(path.dirname(file), '.kbox-build-'))
  try {
    const base = buildBase(folder, storage, inputs.config.release)
    const seconds = Math.ceil(inputs.config.deviceTimeoutMs / 1000) + GUARD_EXTRA_SECONDS
    const ours = [
      directory(BASE_SCRIPTS.folder),
      script(BASE_SCRIPTS.boot, bootScript(seconds)),
      script(BASE_SCRIPTS.enter, ENTER_SCRIPT),
      script(BASE_SCRIPTS.ready, readyScript(storage.devices)),
      ...imageEntries(inputs).map(moved),
    ]
    const runtime = moved(runtimeEntry(inputs))
    const sizeBytes = writeImage(file, (fd) => {
      writeCpio(fd, ours)
      copyPadded(fd, base)
      writeCpio(fd, [runtime])
    })
    const parts = [...imageParts([...ours, runtime]), ...listBase(base)]
    return { file, sizeBytes, parts: parts.sort((a, b) => b.sizeBytes - a.sizeBytes) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function directory(name: string): CpioEntry {
  return { kind: 'directory', path: name, mode: 0o755 }
}

function script(name: string, text: string): CpioEntry {
  return { kind: 'file', path: name, mode: 0o755, content: Buffer.from(text) }
}

function moved(entry: CpioEntry): CpioEntry {
  return { ...entry, path: `${BASE_SCRIPTS.folder}/${entry.path}` }
}

/** Copy a file; the kernel looks for the next archive where the offset is a multiple of four. */
function copyPadded(fd: number, source: string): void {
  const from = openSync(source, 'r')
  try {
    const buffer = new Uint8Array(1 << 20)
    let size = 0
    for (;;) {
      const got = readSync(from, buffer)
      if (got === 0) break
      for (let done = 0; done < got;) done += writeSync(fd, buffer, done, got - done)
      size += got
    }
    writeSync(fd, new Uint8Array(-size & 511))
  } finally {
    closeSync(from)
  }
}

/** The list is for people: an image that only the kernel understands is built all the same. */
function listBase(file: string): BuiltImage['parts'] {
  const bytes = readFileSync(file)
  try {
    return listInitramfs(file, bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return [{ path: path.basename(file), sizeBytes: bytes.length }]
  }
}
