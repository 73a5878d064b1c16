// BPF in the guest: two maps with values, and a program that uses one of them, attached to a socket. Their descriptors
// keep them. Source: include/uapi/linux/bpf.h.
import { bytes, call, place } from './guest_memory.ts'

const BPF_MAP_CREATE = 0
const BPF_MAP_UPDATE_ELEM = 2
const BPF_PROG_LOAD = 5
const BPF_MAP_TYPE_HASH = 1
const BPF_MAP_TYPE_ARRAY = 2
const BPF_PROG_TYPE_SOCKET_FILTER = 1
const BPF_PSEUDO_MAP_FD = 1
const NAME_SIZE = 16
const AF_INET = 2
const SOCK_DGRAM = 2
const SOL_SOCKET = 1
const SO_ATTACH_BPF = 50

/** Make it all. @throws {HostError} if this kernel refuses */
export function loadBpf(): void {
  const counters = createMap(BPF_MAP_TYPE_ARRAY, 'kbox_counters', 4)
  const table = createMap(BPF_MAP_TYPE_HASH, 'kbox_table', 16)
  for (let key = 0; key < 3; key++) {
    updateElement(counters, key, key + 1)
    updateElement(table, 1000 + key, key * key)
  }
  const program = loadFilter(counters, 'kbox_filter')
  const socket = call('socket', AF_INET, SOCK_DGRAM, 0)
  call('setsockopt', socket, SOL_SOCKET, SO_ATTACH_BPF, bytes([4, program]), 4)
}

/** A map of 32-bit keys to 64-bit values. */
function createMap(type: number, name: string, maxEntries: number): number {
  // map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node, map_name.
  const head = bytes([4, type], [4, 4], [4, 8], [4, maxEntries], [4, 0], [4, 0], [4, 0])
  return bpf(BPF_MAP_CREATE, head, nameBytes(name))
}

function updateElement(map: number, key: number, value: number): void {
  const [keyAt, valueAt] = [place(bytes([4, key])), place(bytes([8, value]))]
  bpf(BPF_MAP_UPDATE_ELEM, bytes([4, map], [4, 0], [8, keyAt], [8, valueAt], [8, 0]))
}

/** `r1 = map; r0 = 0; exit`: no packet passes, and none comes. */
function loadFilter(map: number, name: string): number {
  const instructions = bytes(
    ...([
      [1, 0x18],
      [1, (BPF_PSEUDO_MAP_FD << 4) | 1],
      [2, 0],
      [4, map],
      [8, 0],
    ] as const),
    ...([
      [1, 0xb7],
      [1, 0],
      [2, 0],
      [4, 0],
    ] as const),
    ...([
      [1, 0x95],
      [1, 0],
      [2, 0],
      [4, 0],
    ] as const),
  )
  const license = place(Buffer.from('GPL\0'))
  // prog_type, insn_cnt, insns, license, log_level, log_size, log_buf, kern_version, prog_flags, prog_name.
  const type = BPF_PROG_TYPE_SOCKET_FILTER
  const head = bytes(
    [4, type],
    [4, instructions.length / 8],
    [8, place(instructions)],
    [8, license],
  )
  return bpf(BPF_PROG_LOAD, head, bytes([8, 0], [8, 0], [4, 0], [4, 0]), nameBytes(name))
}

function bpf(command: number, ...attributes: readonly Uint8Array[]): number {
  const attribute = Buffer.concat(attributes)
  return call('bpf', command, attribute, attribute.length)
}

const nameBytes = (name: string): Uint8Array => Buffer.from(name.padEnd(NAME_SIZE, '\0'))
