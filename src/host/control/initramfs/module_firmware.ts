// Firmware that drivers load when they find their card: named in the module, looked for where the kernel would look.
// Source: include/linux/module.h (MODULE_FIRMWARE), drivers/base/firmware_loader/main.c (fw_path, suffixes).
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import type { ImageFile } from './build_image.ts'

const KEY = 'firmware='
/** The kernel's own limit is PATH_MAX; names have some 40 letters. */
const NAME_LENGTH_MAX = 256
const SUFFIXES = ['', '.xz', '.zst']

/**
 * Find the firmware files that a module may ask for and that this machine has.
 *
 * @param module bytes of the .ko
 * @param release of the kernel, which may have firmware of its own
 * @param root where lib/firmware is found
 */
export function findModuleFirmware(module: Uint8Array, release: string, root = '/'): ImageFile[] {
  const top = 'lib/firmware'
  const folders = [`${top}/updates/${release}`, `${top}/updates`, `${top}/${release}`, top]
  const found: ImageFile[] = []
  for (const name of readFirmwareNames(module)) {
    const candidates = folders.flatMap((folder) =>
      SUFFIXES.map((suffix) => `${folder}/${name}${suffix}`),
    )
    const file = candidates.find((candidate) => existsSync(path.join(root, candidate)))
    if (file !== undefined)
      found.push({ path: file, source: realpathSync(path.join(root, file)), mode: 0o600 })
  }
  return found
}

/** Read the names in a module's .modinfo section: strings with NULs between them. */
export function readFirmwareNames(module: Uint8Array): string[] {
  const bytes = Buffer.from(module.buffer, module.byteOffset, module.byteLength)
  const names = new Set<string>()
  for (let at = bytes.indexOf(KEY); at >= 0; at = bytes.indexOf(KEY, at + KEY.length)) {
    const start = at + KEY.length
    const end = bytes.indexOf(0, start)
    if (bytes[at - 1] !== 0 || end < 0 || end - start > NAME_LENGTH_MAX) continue
    const name = bytes.toString('latin1', start, end)
    if (/^[\w.@+,-]+(?:\/[\w.@+,-]+)*$/.test(name) && !name.split('/').includes('..'))
      names.add(name)
  }
  return [...names]
}
