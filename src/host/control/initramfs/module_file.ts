// Reads a kernel module, unpacked: the capture kernel's insmod knows no compression on every kernel.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import zlib from 'node:zlib'
import { HostError } from '../../../core/base/errors.ts'

/** More than any module; a bomb would fill memory otherwise. */
const SIZE_MAX = 1 << 28

/**
 * Read a .ko, .ko.gz, .ko.zst or .ko.xz as the bytes of the .ko. A signature at its end stays.
 *
 * @param busybox unpacks xz, which Node does not know
 * @throws {HostError} if the file cannot be unpacked
 */
export function readModule(file: string, busybox: string): Uint8Array {
  const packed = readFileSync(file)
  try {
    if (file.endsWith('.gz')) return zlib.gunzipSync(packed, { maxOutputLength: SIZE_MAX })
    if (file.endsWith('.zst')) return zlib.zstdDecompressSync(packed, { maxOutputLength: SIZE_MAX })
    if (file.endsWith('.xz')) return unpackXz(packed, busybox)
    return packed
  } catch (cause) {
    throw new HostError(`${file}: cannot be unpacked`, '', { cause })
  }
}

function unpackXz(packed: Uint8Array, busybox: string): Uint8Array {
  const { status, stdout, stderr, error } = spawnSync(busybox, ['xz', '-dc'], {
    input: packed,
    maxBuffer: SIZE_MAX,
  })
  if (error) throw error
  if (status !== 0)
    throw new Error(`${busybox} xz -dc: ${stderr.toString().trim()} (exit ${status})`)
  return stdout
}
