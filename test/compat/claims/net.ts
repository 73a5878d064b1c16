// net: devices, neighbours, sockets. /proc/net was read before the crash; addresses and lasting sockets stay.
import assert from 'node:assert/strict'
import type { Program } from '../../../src/core/program/program.ts'
import { forEachProcess } from '../../../src/core/kernel/sched.ts'
import { crashClaim, defineClaims, drgnClaim, guestClaim, sameAsCrash } from './claim.ts'
import { byTask } from './gdb_text.ts'

/** The process that opened sockets of every kind. */
function socketOwner(program: Program): number {
  for (const task of forEachProcess(program))
    if (task.string('comm') === 'rehearsal') return task.number('pid')
  throw new Error('no task rehearsal')
}
const ofOwner =
  (line: string) =>
  (program: Program): string =>
    line.replace('PID', String(socketOwner(program)))

const DEVICES = `
result = [
    [hex(dev.value_()), netdev_name(dev).decode(),
     ", ".join([str(a) for a in netdev_ipv4_addrs(dev)] + [str(a) for a in netdev_ipv6_addrs(dev)])]
    for dev in for_each_netdev(prog["init_net"].address_of_())
]`
const NEIGHBOURS = `
result = [hex(n.value_()) for n in neigh_table_for_each_neighbor(prog["arp_tbl"].nht)]`

/** Heading and addresses of each socket of -S, and the first struct, which is the same in both. */
const socketStructs = (lines: readonly string[]): string[] => {
  const kept: string[] = []
  let inside = true
  for (const line of lines) {
    if (/^struct \w*sock \{/.test(line)) inside = false
    if (line.startsWith('FD ')) inside = true
    if (inside) kept.push(line.replace(/ <[^>]*>/, ''))
  }
  return kept
}

/** `0100007F:1F90` of /proc/net/tcp, or the like of tcp6, as net -s has it. */
function endpoint(text: string): string {
  const [address = '', port = ''] = text.split(':')
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  )
  const words = Array.from({ length: 8 }, (_, i) =>
    (((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0)).toString(16),
  )
  return `${bytes.length === 4 ? bytes.join('.') : words.join(':')}-${Number.parseInt(port, 16)}`
}

const parseTcp = (text: string): string[] =>
  [...text.matchAll(/^ *\d+: (\S+) (\S+) /gm)].map(
    ([, local = '', remote = '']) => `${endpoint(local)} ${endpoint(remote)}`,
  )

export const net = defineClaims([
  ...['net', 'net -a', 'net -n', 'net -n 1', 'net -s 1', 'net -N 0100007f', 'net -N 16777343'].map(
    (line) => sameAsCrash(line),
  ),
  ...['net -s PID', 'net -s PID -R 35'].map((line) =>
    sameAsCrash(ofOwner(line), {}, { shows: line }),
  ),
  crashClaim('foreach net -s', ({ lines }, theirs) =>
    assert.deepEqual(byTask(lines), byTask(theirs)),
  ),
  ...['net -S PID', 'net -S PID -x', 'net -S PID -d'].map((line) =>
    crashClaim(
      ofOwner(line),
      ({ lines }, theirs) => assert.deepEqual(socketStructs(lines), socketStructs(theirs)),
      { shows: line },
    ),
  ),
  drgnClaim('net', DEVICES, ({ rows }, theirs) =>
    assert.deepEqual(
      rows.map((row) => [row.net_device, row.name, row.addresses]),
      theirs,
    ),
  ),
  drgnClaim('net -a', NEIGHBOURS, ({ rows }, theirs) =>
    assert.deepEqual(
      rows.map(({ neighbour }) => neighbour),
      theirs,
    ),
  ),
  guestClaim('net -a', ({ rows }, truth) => {
    const known = [...truth.read('net/arp').matchAll(/^(\S+) +0x1 +\S+ +(\S+) +\S+ +(\S+)$/gm)]
    assert.ok(known.length > 0)
    for (const [, ip, hardware, device] of known)
      assert.ok(
        rows.some(
          (row) => row.ip_address === ip && row.hw_address === hardware && row.device === device,
        ),
        ip,
      )
  }),
  guestClaim(
    ofOwner('net -s PID'),
    ({ rows, program }, truth) => {
      const ours = rows
        .filter(({ type, source }) => type === 'STREAM' && source !== null)
        .map((row) => `${row.source}-${row.source_port} ${row.destination}-${row.destination_port}`)
      assert.ok(ours.length > 3)
      const known = [...parseTcp(truth.read('net/tcp')), ...parseTcp(truth.read('net/tcp6'))]
      for (const each of ours) assert.ok(known.includes(each), each)
      assert.ok(program.hasSymbol('init_net'))
    },
    { shows: 'net -s PID' },
  ),
])
