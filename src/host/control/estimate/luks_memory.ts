// How much memory unlocking a LUKS2 volume takes: the cost of its keyslots' key derivation is in the header, as JSON.
// Source: LUKS2 On-Disk Format Specification 1.1.1, sections 2 and 3.
import { closeSync, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { listNames, readLine } from '../../platform/fact_tree.ts'

const MAGIC = Buffer.from('LUKS\xba\xbe', 'latin1')
const BINARY_HEADER_SIZE = 4096
/** The largest the specification allows. */
const HEADER_SIZE_MAX = 4 * 2 ** 20
/** cryptsetup and its libraries, as kdump-utils counts them: 20 MB, 50 MB on arm64. */
const OVERHEAD_MB: Readonly<Record<string, number>> = { aarch64: 50 }
/** A stack deeper than this is a ring. */
const DEPTH_MAX = 16

/**
 * Add up what unlocking the volumes below a block device takes.
 *
 * @param device kernel name, such as `dm-0`
 * @returns bytes; 0 when none of them is LUKS2
 */
export function luksMemory(root: string, device: string, arch: string): number {
  const sizes = volumesBelow(root, device, 0).map((name) => {
    return readKdfMemory(path.join(root, 'dev', name))
  })
  const most = Math.max(0, ...sizes)
  return most === 0 ? 0 : most + (OVERHEAD_MB[arch] ?? 20) * 2 ** 20
}

/** Names of the devices that carry LUKS2 volumes which the device stands on. */
function volumesBelow(root: string, device: string, depth: number): string[] {
  if (depth > DEPTH_MAX) return []
  const folder = path.join(root, 'sys/class/block', device)
  const slaves = listNames(path.join(folder, 'slaves'))
  const isCrypt = readLine(path.join(folder, 'dm/uuid')).startsWith('CRYPT-LUKS2-')
  const below = slaves.flatMap((slave) => volumesBelow(root, slave, depth + 1))
  return isCrypt ? [...slaves, ...below] : below
}

/** Most memory that one of a volume's keyslots takes, bytes; 0 for what is no readable LUKS2 volume. */
function readKdfMemory(node: string): number {
  try {
    const fd = openSync(node, 'r')
    try {
      const head = Buffer.alloc(BINARY_HEADER_SIZE)
      if (readSync(fd, head, 0, head.length, 0) < head.length) return 0
      const size = Number(new DataView(head.buffer, head.byteOffset).getBigUint64(8, false))
      if (size > HEADER_SIZE_MAX || size <= BINARY_HEADER_SIZE) return 0
      const all = Buffer.alloc(size)
      return readSync(fd, all, 0, size, 0) < size ? 0 : parseKdfMemory(all)
    } finally {
      closeSync(fd)
    }
  } catch {
    return 0
  }
}

/** As readKdfMemory, of a header. */
export function parseKdfMemory(header: Uint8Array): number {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.length)
  if (!bytes.subarray(0, 6).equals(MAGIC) || bytes.length <= BINARY_HEADER_SIZE) return 0
  if (bytes.readUInt16BE(6) !== 2) return 0
  const [json = ''] = bytes.toString('utf8', BINARY_HEADER_SIZE).split('\0', 1)
  let data: unknown
  try {
    data = JSON.parse(json)
  } catch {
    return 0
  }
  const memories = Object.values(member(data, 'keyslots') ?? {}).map((slot) =>
    Number(member(member(slot, 'kdf'), 'memory') ?? 0),
  )
  // KiB; the specification's largest is 4 GiB.
  const most = Math.max(0, ...memories.filter((kib) => kib > 0 && kib <= 2 ** 22))
  return most * 1024
}

function member(value: unknown, name: string): object | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as Record<string, object | undefined>)[name]
}
