// Servers of this test's own on the loopback: they answer NULL as RFC 5531 has it, or do not. What the kernel would be
// told to mount is written down; test/vm mounts really.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { HostError } from '../../../core/base/errors.ts'
import { nfs } from './nfs.ts'
import { encodeNullCall, parseNullReply, pingNfs } from './nfs_ping.ts'
import type { NfsPlace } from '../place.ts'
import type { TargetHost } from '../target.ts'

/** SUCCESS, and PROG_MISMATCH with the versions 2 to 3. */
const ACCEPTED = [1, 0, 0, 0, 0]
const ONLY_V3 = [1, 0, 0, 0, 2, 2, 3]

let root = ''
let servers: net.Server[] = []
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-nfs-test-'))
  servers = []
})
afterEach(() => {
  for (const server of servers) server.close()
  rmSync(root, { recursive: true })
})

async function serve(talk: (socket: net.Socket) => void): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    talk(socket)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}

/** Answer each call with its transaction number and these words. */
const answering = (words: readonly number[]) => (socket: net.Socket) =>
  void socket.on('data', (call) => {
    const body = Buffer.alloc(8 + words.length * 4)
    body.writeUInt32BE((0x8000_0000 | (4 + words.length * 4)) >>> 0, 0)
    call.copy(body, 4, 4, 8)
    for (const [i, word] of words.entries()) body.writeUInt32BE(word, 8 + i * 4)
    // In two pieces, as a network may deliver them.
    socket.write(body.subarray(0, 7))
    setImmediate(() => socket.write(body.subarray(7)))
  })

function place(port: number, options = ''): NfsPlace {
  const words = [`port=${port}`, options].filter(Boolean).join(',')
  return {
    kind: 'nfs',
    server: 'files',
    addresses: ['127.0.0.1'],
    export: '/export',
    options: words,
    directory: '/var/crash',
  }
}

function host(
  mounts: string[],
  refuse: (options: string) => string | undefined = () => undefined,
): TargetHost {
  let sleptMs = 0
  return {
    mountpoint: root,
    now: () => performance.now() + sleptMs,
    sleep: async (milliseconds) => void (sleptMs += milliseconds),
    say: () => {},
    heartbeat: () => {},
    step: async (name, work) => {
      mounts.push(name)
      return work()
    },
    findDevice: () => undefined,
    findDisk: () => undefined,
    mount(source, fstype, options) {
      const version = /vers=([\d.]+)/.exec(options)?.[1] ?? ''
      mounts.push(`${source} ${fstype} ${version}`)
      const errno = refuse(version)
      if (errno !== undefined) throw new HostError(`mount: ${errno}`, errno)
    },
    unmount: () => void mounts.push('unmounted'),
    sync: () => mounts.push('sync'),
  }
}

const deadlines = (from: TargetHost, ms = 60_000) => ({
  openMs: from.now() + ms,
  endMs: from.now() + ms,
})

test('a server that answers is mounted, takes files, and is left', async () => {
  const mounts: string[] = []
  const machine = host(mounts)
  const target = await nfs.open(
    place(await serve(answering(ACCEPTED))),
    machine,
    deadlines(machine),
  )
  assert.equal(target.clientAddress, '127.0.0.1')
  const directory = await target.makeDirectory('here')
  await directory.writeFile('log', ['text'])
  assert.deepEqual(readdirSync(path.join(root, 'var/crash/here')), ['log'])
  assert.ok(((await target.freeBytes()) ?? 0) > 0)
  await directory.remove('log')
  await directory.discard()
  await target.close()
  assert.deepEqual(mounts, ['connect', 'mount', 'files:/export nfs 4.2', 'unmount', 'unmounted'])
  assert.deepEqual(readdirSync(path.join(root, 'var/crash')), [])
})

test('a server that dies meanwhile is given up once, and nothing waits for it after that', async () => {
  const mounts: string[] = []
  const machine = host(mounts)
  const port = await serve(answering(ACCEPTED))
  const target = await nfs.open(place(port), machine, deadlines(machine))
  const directory = await target.makeDirectory('here')
  await directory.writeFile('log', ['text'])
  servers.pop()?.close()
  await assert.rejects(
    directory.remove('log'),
    /^HostError: NFS server files does not answer: .*ECONNREFUSED/,
  )
  // It comes back, but is asked no more.
  const back = net.createServer(answering(ACCEPTED))
  servers.push(back)
  await new Promise<void>((resolve) => back.listen(port, '127.0.0.1', resolve))
  for (const use of [
    () => directory.remove('log'),
    () => directory.writeFile('more', []),
    () => directory.openDump('vmcore'),
    () => directory.rename('log', 'old'),
    () => directory.sizeOf('log'),
    () => directory.digestOf('log', Infinity),
    () => directory.discard(),
    () => target.makeDirectory('there'),
  ])
    await assert.rejects(
      use(),
      /^HostError: given up: NFS server files does not answer: .*ECONNREFUSED/,
    )
  assert.deepEqual(readdirSync(path.join(root, 'var/crash/here')), ['log'])
  // The kernel would wait for it once more.
  await target.close()
  assert.ok(!mounts.includes('unmounted'))
})

test('versions are tried downwards until one is mounted', async () => {
  const mounts: string[] = []
  const machine = host(mounts, (version) => (version === '3' ? undefined : 'EPROTONOSUPPORT'))
  await nfs.open(place(await serve(answering(ACCEPTED))), machine, deadlines(machine))
  assert.deepEqual(
    mounts.filter((line) => line.includes('nfs ')).map((line) => line.split(' ')[2]),
    ['4.2', '4.1', '4.0', '3'],
  )
})

test('a server that has only version 3 is asked for nothing else', async () => {
  const mounts: string[] = []
  const machine = host(mounts)
  await nfs.open(place(await serve(answering(ONLY_V3))), machine, deadlines(machine))
  assert.deepEqual(mounts.slice(2), ['files:/export nfs 3'])
  await assert.rejects(
    nfs.open(place(await serve(answering(ONLY_V3)), 'vers=4'), machine, deadlines(machine)),
    /cannot be mounted: the server has no NFS 4\.2 or 4\.1 or 4\.0/,
  )
})

test('an export that is refused says so for each version, and what to look at', async () => {
  const machine = host([], () => 'EACCES')
  await assert.rejects(
    nfs.open(place(await serve(answering(ACCEPTED)), 'vers=4.1'), machine, deadlines(machine)),
    /^HostError: files:\/export at 127\.0\.0\.1 cannot be mounted: NFS 4\.1: EACCES \(does the server export it/,
  )
})

test('a mount that timed out is not tried again in another version', async () => {
  const mounts: string[] = []
  const machine = host(mounts, () => 'ETIMEDOUT')
  await assert.rejects(
    nfs.open(place(await serve(answering(ACCEPTED))), machine, deadlines(machine)),
  )
  assert.equal(mounts.filter((line) => line.includes('nfs ')).length, 1)
})

test('a server that takes connections and is silent costs its deadline, and is never mounted', async () => {
  const mounts: string[] = []
  const machine = host(mounts)
  await assert.rejects(
    nfs.open(place(await serve(() => {})), machine, deadlines(machine, 400)),
    /NFS server files does not answer: 127\.0\.0\.1:\d+ takes connections, but answered nothing/,
  )
  assert.deepEqual(mounts, ['connect'])
})

test('a server that refuses connections is asked again until the deadline', async () => {
  const machine = host([])
  const port = await serve(() => {})
  servers.pop()?.close()
  await assert.rejects(
    nfs.open(place(port), machine, deadlines(machine)),
    /NFS server files does not answer: .*ECONNREFUSED/,
  )
})

test('what is no NFS server is told from one', async () => {
  for (const [talk, expected] of [
    [
      (socket: net.Socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
      /is no NFS server/,
    ],
    [(socket: net.Socket) => void socket.end(), /hung up without an answer|ECONNRESET/],
    [answering([1, 0, 0, 0, 1]), /no NFS server listens there/],
    [answering([1, 1, 1, 5]), /the NFS server refuses us/],
  ] as const)
    await assert.rejects(pingNfs('127.0.0.1', await serve(talk), 4, 60_000), expected)
})

test('a version that does not exist is an error before anybody is asked', async () => {
  const machine = host([])
  await assert.rejects(
    nfs.open(place(1, 'vers=9'), machine, deadlines(machine)),
    /'port=1,vers=9' names no version/,
  )
})

test('a call is what RFC 5531 has, and any reply is an answer, an error, or not whole yet', () => {
  const call = Buffer.from(encodeNullCall(4)).toString('hex')
  assert.equal(
    call,
    '800000286b626f78000000000000000200018 6a3'.replaceAll(' ', '') +
      '0000000400000000'.concat('0'.repeat(32)),
  )
  const reply = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .array(fc.constantFrom(0, 1, 2, 24, 0x6b62_6f78, 0x8000_0018, 0xffff_ffff), { maxLength: 12 })
      .map((words) => {
        const bytes = Buffer.alloc(words.length * 4)
        for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, i * 4)
        return new Uint8Array(bytes)
      }),
  )
  fc.assert(
    fc.property(reply, (bytes) => {
      try {
        parseNullReply(bytes)
      } catch (error) {
        assert.ok(error instanceof HostError)
      }
    }),
    { numRuns: 5000 },
  )
})
