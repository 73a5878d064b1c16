// SSH targets against a server of ssh2's own, with every fault it can be given, and a wire that breaks. OpenSSH itself
// takes dumps in test/compat/ssh.test.ts and test/vm/remote.test.ts.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import ssh2 from 'ssh2'
import { liveHost, type LiveHost } from '../../../../test/support/live_host.ts'
import { startSftpServer, type SftpServer } from '../../../../test/support/sftp_server.ts'
import { startTcpProxy } from '../../../../test/support/tcp_proxy.ts'
import { HostError } from '../../../core/base/errors.ts'
import { flattenedSource } from '../../../core/io/flattened_source.ts'
import { openFileSource } from '../../platform/file_source.ts'
import type { Patience } from '../patience.ts'
import type { SshPlace } from '../place.ts'
import { openSsh } from './ssh.ts'
import { makeKeyPair } from './ssh_key.ts'
import type { OpenTarget } from '../target.ts'

/** Long enough for a busy machine, short enough for a test. */
const PATIENCE: Patience = { replyMs: 3000, outageMs: 10_000, pauseMs: 20 }
const BLOCK = 100_000

function open(
  server: SftpServer,
  place: Partial<SshPlace> = {},
  { host = liveHost(), patience = PATIENCE }: { host?: LiveHost; patience?: Patience } = {},
): Promise<OpenTarget> {
  const whole: SshPlace = {
    ...{ kind: 'ssh', user: 'kdump', host: 'server', port: server.port },
    ...{ addresses: ['127.0.0.1'], keyFile: server.keyFile, hostKeys: [server.hostKey] },
    ...{ directory: path.join(server.folder, 'var/crash'), isFlattened: false },
    ...place,
  }
  const endMs = host.now() + 60_000
  return openSsh(whole, host, { openMs: host.now() + 2 * patience.replyMs, endMs }, patience)
}

const failed = async (work: Promise<unknown>): Promise<HostError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof HostError, String(error))
  return error
}

/** Write blocks of which each differs, then the first one again, as a dump's header is. */
async function writeDump(target: OpenTarget, count: number): Promise<Buffer> {
  const directory = await target.makeDirectory('dump')
  const output = await directory.openDump('vmcore-incomplete')
  const whole = Buffer.alloc(count * BLOCK)
  for (let i = 0; i <= count; i++) {
    const at = (i % count) * BLOCK
    whole.fill(i + 1, at, at + BLOCK)
    // The queue must copy: the next block is made in the same memory.
    const block = Uint8Array.from(whole.subarray(at, at + BLOCK))
    assert.equal(output.write(at, block), BLOCK, output.problem?.message)
    block.fill(0)
    await output.drain?.()
  }
  await output.sync()
  await output.close()
  await directory.rename('vmcore-incomplete', 'vmcore')
  assert.equal(await directory.sizeOf('vmcore'), whole.length)
  return whole
}

const received = (server: SftpServer, file: string): Buffer =>
  fs.readFileSync(path.join(server.folder, 'var/crash/dump', file))

test('a dump arrives in place, whole, readable by its owner only', async () => {
  await using server = await startSftpServer()
  const host = liveHost()
  const target = await open(server, {}, { host })
  assert.deepEqual(host.steps, ['connect'])
  assert.equal(target.clientAddress, '127.0.0.1')
  assert.equal(target.dumpName, 'vmcore')
  const whole = await writeDump(target, 100)
  assert.ok(received(server, 'vmcore').equals(whole))
  const { mode } = fs.statSync(path.join(server.folder, 'var/crash/dump/vmcore'))
  assert.equal(mode & 0o777, 0o600)
  await target.close()
})

test('files replace older ones, are missed without an error, and go', async () => {
  await using server = await startSftpServer()
  const target = await open(server)
  const directory = await target.makeDirectory('dump')
  for (const text of ['first', 'second']) await directory.writeFile('note', [text, '\n'])
  assert.equal(received(server, 'note').toString(), 'second\n')
  assert.deepEqual(fs.readdirSync(path.join(server.folder, 'var/crash/dump')), ['note'])
  assert.equal(await directory.sizeOf('note'), 7)
  assert.equal(await directory.sizeOf('other'), undefined)
  await directory.remove('other')
  await directory.remove('note')
  await directory.discard()
  assert.ok(!fs.existsSync(path.join(server.folder, 'var/crash/dump')))
  await target.close()
})

test('a directory of that name is EEXIST, a missing right is named', async () => {
  await using server = await startSftpServer()
  const target = await open(server)
  await target.makeDirectory('dump')
  assert.equal((await failed(target.makeDirectory('dump'))).errno, 'EEXIST')
  server.faults.denies = ['MKDIR']
  const error = await failed(target.makeDirectory('other'))
  assert.equal(error.errno, 'EACCES')
  assert.match(error.message, /mkdir .*var\/crash\/other/)
  await target.close()
})

test('a flattened dump is one makedumpfile -R reads', async () => {
  await using server = await startSftpServer()
  const target = await open(server, { isFlattened: true })
  assert.equal(target.dumpName, 'vmcore.flat')
  const directory = await target.makeDirectory('dump')
  const output = await directory.openDump('vmcore.flat')
  output.write(5000, Uint8Array.of(5, 6))
  output.write(0, new Uint8Array(5000).fill(1))
  output.write(0, Uint8Array.of(9))
  await output.sync()
  await output.close()
  using source = flattenedSource(
    openFileSource(path.join(server.folder, 'var/crash/dump/vmcore.flat')),
  )
  assert.equal(source.isCut, false)
  const bytes = new Uint8Array(source.size)
  source.read(0, bytes)
  assert.deepEqual([...bytes.subarray(0, 2), ...bytes.subarray(4999)], [9, 1, 1, 5, 6])
  await target.close()
})

test('a file that is written in order is not flattened, whatever dumps are', async () => {
  await using server = await startSftpServer()
  const target = await open(server, { isFlattened: true })
  const directory = await target.makeDirectory('dump')
  const output = await directory.openStream('vmcore.flat.age')
  output.write(0, Uint8Array.of(1, 2))
  output.write(2, Uint8Array.of(3))
  await output.sync()
  await output.close()
  const file = path.join(server.folder, 'var/crash/dump/vmcore.flat.age')
  assert.deepEqual([...fs.readFileSync(file)], [1, 2, 3])
  await target.close()
})

test('the sum of a file is asked of the server, where the account may run commands', async () => {
  await using server = await startSftpServer()
  const target = await open(server)
  const directory = await target.makeDirectory('dump')
  await directory.writeFile('note', ['text'])
  const endMs = liveHost().now() + 10_000
  assert.equal(await directory.digestOf('note', endMs), undefined)
  server.faults.execOutput = 'This service allows sftp connections only.\n'
  assert.equal(await directory.digestOf('note', endMs), undefined)
  const sum = createHash('sha256').update('text').digest('hex')
  server.faults.execOutput = `${sum}  -\n`
  assert.equal(await directory.digestOf('note', endMs), sum)
  await target.close()
})

test('a connection cut again and again is made again, and nothing is missing', async () => {
  await using server = await startSftpServer()
  await using proxy = await startTcpProxy(server.port)
  const host = liveHost()
  const target = await open(server, { port: proxy.port }, { host })
  proxy.cutAfter(2_000_000, 3)
  const whole = await writeDump(target, 150)
  assert.ok(received(server, 'vmcore').equals(whole))
  assert.equal(proxy.connections, 4)
  await target.close()
})

test('SFTP that ends while the connection stays is begun again', async () => {
  await using server = await startSftpServer({ endsSftpAt: 2_000_000 })
  const target = await open(server)
  const whole = await writeDump(target, 50)
  assert.ok(received(server, 'vmcore').equals(whole))
  assert.equal(server.logins, 2)
  await target.close()
})

test('a server that refuses connections after a cut is given up when its time is over', async () => {
  await using server = await startSftpServer()
  await using proxy = await startTcpProxy(server.port)
  const patience = { ...PATIENCE, outageMs: 300 }
  const host = liveHost()
  const target = await open(server, { port: proxy.port }, { host, patience })
  const directory = await target.makeDirectory('dump')
  const output = await directory.openDump('vmcore')
  output.write(0, new Uint8Array(BLOCK))
  await output.drain?.()
  proxy.refuse()
  await output.drain?.()
  const error = await failed(Promise.resolve(output.sync()))
  assert.match(error.message, /^ssh kdump@server port \d+: /)
  assert.equal(output.problem, error)
  assert.equal(output.write(0, new Uint8Array(10)), 0)
  assert.match(host.said.join('\n'), /trying again/)
  // Whatever else is asked of the server costs no further time.
  const before = host.beats.length
  for (const work of [directory.sizeOf('vmcore'), directory.writeFile('log', ['x'])])
    assert.match((await failed(work)).message, /^ssh kdump@server port \d+: /)
  assert.equal(host.beats.length, before)
  await output.close()
  await target.close()
})

test('a server that stops answering is given up, with new connections tried first', async () => {
  await using server = await startSftpServer()
  const patience = { replyMs: 400, outageMs: 1500, pauseMs: 20 }
  const target = await open(server, {}, { patience })
  const directory = await target.makeDirectory('dump')
  const output = await directory.openDump('vmcore')
  server.faults.answersUntil = 1_000_000
  for (let i = 0; i < 60 && !output.problem; i++) {
    output.write(i * BLOCK, new Uint8Array(BLOCK))
    await output.drain?.()
  }
  assert.equal(output.problem?.errno, 'ETIMEDOUT')
  assert.match(output.problem?.message ?? '', /taken nothing for/)
  assert.ok(server.logins > 1, `${server.logins} logins`)
  await output.close()
  await target.close()
})

test('a wire that goes dead is left for another one', async () => {
  await using server = await startSftpServer()
  await using proxy = await startTcpProxy(server.port)
  const patience = { replyMs: 400, outageMs: 20_000, pauseMs: 20 }
  const host = liveHost()
  const target = await open(server, { port: proxy.port }, { host, patience })
  const directory = await target.makeDirectory('dump')
  const output = await directory.openDump('vmcore')
  proxy.block()
  output.write(0, new Uint8Array(BLOCK).fill(7))
  setTimeout(() => proxy.unblock(), 1000)
  await output.sync()
  await output.close()
  assert.ok(received(server, 'vmcore').equals(Buffer.alloc(BLOCK, 7)))
  assert.ok(proxy.connections > 1)
  await target.close()
})

test('a full disk ends the dump, and what lies behind the first refused byte is cut off', async () => {
  await using server = await startSftpServer({ capacity: 1_000_000 })
  const target = await open(server)
  const directory = await target.makeDirectory('dump')
  const output = await directory.openDump('vmcore')
  for (let i = 0; i < 60 && !output.problem; i++) {
    output.write(i * BLOCK, new Uint8Array(BLOCK).fill(1))
    await output.drain?.()
  }
  const error = await failed(Promise.resolve(output.sync()))
  assert.match(error.message, /write/)
  // Room is found again, too late.
  server.faults.capacity = Infinity
  await output.close()
  const bytes = received(server, 'vmcore')
  assert.ok(bytes.length > 0 && bytes.length <= 1_000_000, `${bytes.length}`)
  assert.ok(bytes.every((byte) => byte === 1))
  await target.close()
})

test('what a server had taken and has lost is noticed', async () => {
  await using server = await startSftpServer()
  await using proxy = await startTcpProxy(server.port)
  const target = await open(server, { port: proxy.port })
  const directory = await target.makeDirectory('dump')
  const output = await directory.openDump('vmcore')
  output.write(0, new Uint8Array(BLOCK))
  await output.sync()
  fs.truncateSync(path.join(server.folder, 'var/crash/dump/vmcore'), 10)
  proxy.cutAfter(0)
  output.write(BLOCK, new Uint8Array(BLOCK))
  const error = await failed(Promise.resolve(output.sync()))
  assert.match(error.message, /lost what it had taken/)
  await output.close()
  await target.close()
})

test('a rename whose answer was lost is not done twice', async () => {
  await using server = await startSftpServer()
  await using proxy = await startTcpProxy(server.port)
  const target = await open(
    server,
    { port: proxy.port },
    { patience: { ...PATIENCE, replyMs: 300 } },
  )
  const directory = await target.makeDirectory('dump')
  await directory.writeFile('from', ['text'])
  proxy.block()
  setTimeout(() => {
    // What the request would have done, had only its answer been lost.
    const at = path.join(server.folder, 'var/crash/dump')
    fs.renameSync(path.join(at, 'from'), path.join(at, 'to'))
    proxy.unblock()
  }, 100)
  await directory.rename('from', 'to')
  assert.equal(received(server, 'to').toString(), 'text')
  await target.close()
})

test('another host key is refused at once, by its fingerprint', async () => {
  await using server = await startSftpServer()
  const other = makeKeyPair('').publicText.split(' ')[1] ?? ''
  const error = await failed(open(server, { hostKeys: [other] }))
  assert.match(error.message, /shows the host key ssh-ed25519 SHA256:[\w+/]{43}, which is none of/)
  assert.equal(error.errno, '')
  assert.equal(server.logins, 0)
})

test('a host key of another kind is refused, whichever of several is known', async () => {
  await using server = await startSftpServer()
  const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }).public.split(' ')[1] ?? ''
  const error = await failed(open(server, { hostKeys: [rsa] }))
  assert.match(error.message, /no host key of the kinds known of it: run 'kbox propagate'/)
  const target = await open(server, { hostKeys: [rsa, server.hostKey] })
  await target.close()
})

test('a refused login, a server without SFTP and a missing key say what to do', async () => {
  await using server = await startSftpServer({ refusesLogin: true })
  const refused = await failed(open(server))
  assert.match(refused.message, /the server refuses the key .* for kdump: .*kbox propagate/)
  server.faults.refusesLogin = false
  server.faults.hasNoSftp = true
  assert.match((await failed(open(server))).message, /offers no SFTP: enable 'Subsystem sftp/)
  const missing = await failed(open(server, { keyFile: '/nonexistent' }))
  assert.equal(missing.errno, 'ENOENT')
})

test('addresses are tried in turn, and again until time is up', async () => {
  await using server = await startSftpServer()
  const target = await open(server, { addresses: ['127.9.9.9', '127.0.0.1'] })
  await target.close()
  const host = liveHost()
  const patience = { replyMs: 200, outageMs: 1000, pauseMs: 20 }
  const error = await failed(open(server, { addresses: ['127.9.9.9'] }, { host, patience }))
  assert.equal(error.errno, 'ECONNREFUSED')
  assert.match(error.message, /no connection: 127\.9\.9\.9:\d+: ECONNREFUSED/)
  assert.ok(host.beats.length > 1)
})

test('a server that accepts and says nothing does not keep us', async () => {
  await using server = await startSftpServer()
  await using proxy = await startTcpProxy(server.port)
  proxy.block()
  const patience = { replyMs: 200, outageMs: 1000, pauseMs: 20 }
  const error = await failed(open(server, { port: proxy.port }, { patience }))
  assert.equal(error.errno, 'ETIMEDOUT')
  assert.match(error.message, /login: no answer for 0\.\d s/)
})
