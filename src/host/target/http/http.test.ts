// HTTP targets against a receiver on this machine that does all that docs/http_target.md asks for, or less of it.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { startHttpReceiver, type HttpReceiver } from '../../../../test/support/http_receiver.ts'
import { liveHost, type LiveHost } from '../../../../test/support/live_host.ts'
import { startTcpProxy } from '../../../../test/support/tcp_proxy.ts'
import { makeCertificate } from '../../../../test/support/certificate.ts'
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import { HostError } from '../../../core/base/errors.ts'
import { flattenedSource } from '../../../core/io/flattened_source.ts'
import { memorySource } from '../../../core/io/memory_source.ts'
import { sealDirectory } from '../sealed_directory.ts'
import { openHttp } from './http.ts'
import type { Patience } from '../patience.ts'
import type { HttpPlace } from '../place.ts'
import type { OpenTarget, TargetDirectory } from '../target.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-http-'))
after(() => fs.rmSync(folder, { recursive: true }))

const PATIENCE: Patience = { replyMs: 3000, outageMs: 10_000, pauseMs: 20 }
const BLOCK = 100_000

function open(
  server: Pick<HttpReceiver, 'url'>,
  place: Partial<HttpPlace> = {},
  { host = liveHost(), patience = PATIENCE }: { host?: LiveHost; patience?: Patience } = {},
): Promise<OpenTarget> {
  const whole: HttpPlace = {
    ...{ kind: 'http', url: server.url, addresses: ['127.0.0.1'] },
    ...{ tokenFile: '', caFile: '', takesRanges: true },
    ...place,
  }
  const endMs = host.now() + 60_000
  return openHttp(whole, host, { openMs: host.now() + 2 * patience.replyMs, endMs }, patience)
}

const failed = async (work: Promise<unknown>): Promise<HostError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof HostError, String(error))
  return error
}

/** Write 20 MB of blocks of which each differs, then the first one again, as a dump's header is. */
async function writeDump(directory: TargetDirectory, count = 200): Promise<Buffer> {
  const output = await directory.openDump('vmcore.flat-incomplete')
  const whole = Buffer.alloc(count * BLOCK)
  for (let i = 0; i <= count; i++) {
    const at = (i % count) * BLOCK
    whole.fill(i + 1, at, at + BLOCK)
    const block = Uint8Array.from(whole.subarray(at, at + BLOCK))
    assert.equal(output.write(at, block), BLOCK, output.problem?.message)
    block.fill(0)
    await output.drain?.()
  }
  await output.sync()
  await output.close()
  await directory.rename('vmcore.flat-incomplete', 'vmcore.flat')
  return whole
}

function unflatten(flat: Buffer): Buffer {
  using source = flattenedSource(memorySource(flat))
  assert.equal(source.isCut, false)
  const bytes = Buffer.alloc(source.size)
  source.read(0, bytes)
  return bytes
}

const received = (server: HttpReceiver, file: string): Buffer =>
  fs.readFileSync(path.join(server.folder, 'dumps/192.0.2.1-2026-11-26-06:00:00', file))
const NAME = '192.0.2.1-2026-11-26-06:00:00'
const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

test('a dump arrives in parts, under its final name, and its sum is known', async () => {
  await using server = await startHttpReceiver()
  const host = liveHost()
  const target = await open(server, {}, { host })
  assert.equal(target.clientAddress, '127.0.0.1')
  assert.equal(target.dumpName, 'vmcore.flat')
  const directory = await target.makeDirectory(NAME)
  const whole = await writeDump(directory)
  const flat = received(server, 'vmcore.flat')
  assert.ok(unflatten(flat).equals(whole))
  assert.equal(await directory.digestOf('vmcore.flat', 0), sum(flat))
  assert.equal(await directory.sizeOf('vmcore.flat'), flat.length)
  assert.equal(await directory.sizeOf('vmcore.flat-incomplete'), undefined)
  const parts = server.log.filter((line) => /PUT .*bytes \d+-/.test(line))
  assert.ok(parts.length > 10, `${parts.length} parts`)
  assert.match(parts.at(-1) ?? '', new RegExp(`-${flat.length - 1}/${flat.length}$`))
  await target.close()
})

test('a part that is cut is sent again, and nothing is missing', async () => {
  await using server = await startHttpReceiver()
  const target = await open(server)
  const directory = await target.makeDirectory(NAME)
  server.habits.cuts = { afterBytes: 400_000, count: 3 }
  const whole = await writeDump(directory)
  assert.equal(server.habits.cuts.count, 0)
  assert.ok(unflatten(received(server, 'vmcore.flat')).equals(whole))
  await target.close()
})

for (const ranges of ['refuses', 'ignores'] as const) {
  test(`a server that ${ranges} parts gets the dump in one`, async () => {
    await using server = await startHttpReceiver({ ranges })
    const host = liveHost()
    const target = await open(server, {}, { host })
    const directory = await target.makeDirectory(NAME)
    const whole = await writeDump(directory)
    const flat = received(server, 'vmcore.flat')
    assert.ok(unflatten(flat).equals(whole))
    assert.equal(await directory.digestOf('vmcore.flat', 0), sum(flat))
    assert.match(host.said.join(), /takes no parts/)
    await target.close()
  })
}

test('a stream that is cut asks to be begun again, and can be', async () => {
  await using server = await startHttpReceiver({ ranges: 'refuses' })
  const target = await open(server)
  const directory = await target.makeDirectory(NAME)
  server.habits.cuts = { afterBytes: 5_000_000, count: 1 }
  const output = await directory.openDump('vmcore.flat-incomplete')
  for (let i = 0; i < 400 && !output.problem; i++) {
    output.write(i * BLOCK, new Uint8Array(BLOCK))
    await output.drain?.()
  }
  assert.equal(output.problem?.errno, 'ERESTART')
  await output.close()
  const whole = await writeDump(directory)
  assert.ok(unflatten(received(server, 'vmcore.flat')).equals(whole))
  await target.close()
})

test('without MOVE a note beside the dump says that it is complete', async () => {
  await using server = await startHttpReceiver({ hasMove: false })
  const target = await open(server)
  const directory = await target.makeDirectory(NAME)
  await writeDump(directory, 2)
  const flat = received(server, 'vmcore.flat-incomplete')
  assert.deepEqual(JSON.parse(received(server, 'vmcore.flat.complete').toString()), {
    version: 1,
    file: 'vmcore.flat-incomplete',
    sizeBytes: flat.length,
    sha256: sum(flat),
  })
  assert.equal(await directory.sizeOf('vmcore.flat'), flat.length)
  await target.close()
})

test('a WebDAV server is asked to make the folders', async () => {
  await using server = await startHttpReceiver({ needsMkcol: true })
  const target = await open(server)
  const directory = await target.makeDirectory(NAME)
  await directory.writeFile('note', ['some ', 'words'])
  assert.equal(received(server, 'note').toString(), 'some words')
  await target.close()
})

test('a directory that is taken is EEXIST; one that is discarded is gone', async () => {
  await using server = await startHttpReceiver()
  const target = await open(server)
  const directory = await target.makeDirectory(NAME)
  assert.equal((await failed(target.makeDirectory(NAME))).errno, 'EEXIST')
  await directory.writeFile('probe', ['x'])
  await directory.remove('probe')
  await directory.remove('never')
  await directory.discard()
  assert.ok(!fs.existsSync(path.join(server.folder, 'dumps', NAME)))
  await target.close()
})

test('a log of many megabytes goes in parts, whole', async () => {
  await using server = await startHttpReceiver()
  const target = await open(server)
  const directory = await target.makeDirectory(NAME)
  const line = `${'x'.repeat(999)}\n`
  await directory.writeFile(
    'vmcore-dmesg.txt',
    Array.from({ length: 9000 }, () => line),
  )
  assert.ok(received(server, 'vmcore-dmesg.txt').equals(Buffer.from(line.repeat(9000))))
  await directory.writeFile('empty', [])
  assert.equal(received(server, 'empty').length, 0)
  await target.close()
})

test('the token is sent, and is never in a message', async () => {
  await using server = await startHttpReceiver({ token: 'secret-of-a-server' })
  const tokenFile = path.join(folder, 'token')
  fs.writeFileSync(tokenFile, 'secret-of-a-server\n')
  const target = await open(server, { tokenFile })
  await (await target.makeDirectory(NAME)).writeFile('note', ['x'])
  await target.close()
  fs.writeFileSync(tokenFile, 'secret-of-another\n')
  const error = await failed(open(server, { tokenFile }))
  assert.match(error.message, /refused with status 401: the token is not accepted/)
  assert.doesNotMatch(JSON.stringify(error) + error.message + String(error.stack), /secret/)
  assert.equal((await failed(open(server, { tokenFile: '/nonexistent' }))).errno, 'ENOENT')
})

test('redirects are refused, with the address they lead to', async () => {
  await using server = await startHttpReceiver({ redirect: 'http://192.0.2.9/elsewhere/' })
  const target = await open(server)
  const error = await failed(target.makeDirectory(NAME))
  assert.match(
    error.message,
    /redirected to http:\/\/192\.0\.2\.9\/elsewhere\/: write that address/,
  )
  await target.close()
})

test('"later" is waited for, "full" and "no" are not', async () => {
  await using server = await startHttpReceiver({ refusals: { status: 503, count: 2 } })
  const target = await open(server)
  const directory = await target.makeDirectory(NAME)
  server.habits.refusals = { status: 507, count: 1 }
  assert.equal((await failed(directory.writeFile('note', ['x']))).errno, 'ENOSPC')
  server.habits.refusals = { status: 403, count: 1 }
  assert.equal((await failed(directory.writeFile('note', ['x']))).errno, 'EACCES')
  assert.equal(server.habits.refusals.count, 0)
  await target.close()
})

test('a server that is full in the middle ends the dump with ENOSPC', async () => {
  await using server = await startHttpReceiver()
  const target = await open(server)
  const directory = await target.makeDirectory(NAME)
  const output = await directory.openDump('vmcore.flat-incomplete')
  server.habits.refusals = { status: 507, count: 100 }
  for (let i = 0; i < 100 && !output.problem; i++) {
    output.write(i * BLOCK, new Uint8Array(BLOCK))
    await output.drain?.()
  }
  assert.equal(output.problem?.errno, 'ENOSPC')
  assert.equal((await failed(Promise.resolve(output.sync()))).errno, 'ENOSPC')
  await output.close()
  await target.close()
})

test('a server that stops answering is given up when its time is over', async () => {
  await using server = await startHttpReceiver()
  const patience = { replyMs: 200, outageMs: 700, pauseMs: 20 }
  const target = await open(server, {}, { patience })
  const directory = await target.makeDirectory(NAME)
  const output = await directory.openDump('vmcore.flat-incomplete')
  server.habits.isSilent = true
  for (let i = 0; i < 200 && !output.problem; i++) {
    output.write(i * BLOCK, new Uint8Array(BLOCK))
    await output.drain?.()
  }
  assert.equal(output.problem?.errno, 'ETIMEDOUT')
  assert.match(output.problem?.message ?? '', /no answer for 0\.2 s/)
  // Whatever else is asked of the server costs no further time.
  const before = server.log.length
  for (const work of [directory.sizeOf('x'), directory.writeFile('log', ['x'])])
    assert.match((await failed(work)).message, /no answer for 0\.2 s/)
  assert.equal(server.log.length, before)
  await output.close()
  await target.close()
})

test('a wire that goes dead in a stream is noticed', async () => {
  await using server = await startHttpReceiver({ ranges: 'refuses' })
  await using proxy = await startTcpProxy(server.port)
  const patience = { replyMs: 400, outageMs: 700, pauseMs: 20 }
  const url = server.url.replace(String(server.port), String(proxy.port))
  const target = await open({ url }, {}, { patience })
  const directory = await target.makeDirectory(NAME)
  const output = await directory.openDump('vmcore.flat-incomplete')
  output.write(0, new Uint8Array(BLOCK))
  proxy.block()
  const error = await failed(Promise.resolve(output.sync()))
  assert.equal(error.errno, 'ERESTART')
  await output.close()
  await target.close()
})

test('what a server had taken and has lost is noticed', async () => {
  await using server = await startHttpReceiver()
  const target = await open(server)
  const directory = await target.makeDirectory(NAME)
  const output = await directory.openDump('vmcore.flat-incomplete')
  for (let i = 0; i < 60; i++) {
    output.write(i * BLOCK, new Uint8Array(BLOCK))
    await output.drain?.()
  }
  fs.truncateSync(path.join(server.folder, 'dumps', NAME, 'vmcore.flat-incomplete'), 1000)
  server.habits.refusals = { status: 503, count: 1 }
  const error = await failed(Promise.resolve(output.sync()))
  assert.match(error.message, /has 1000 bytes of the \d+ it had taken/)
  await output.close()
  await target.close()
})

test('over TLS only a certificate that is trusted, and of that name, is accepted', async () => {
  const good = makeCertificate('localhost')
  const caFile = path.join(folder, 'ca.pem')
  fs.writeFileSync(caFile, good.cert)
  {
    await using server = await startHttpReceiver({ tls: good })
    const target = await open(server, { caFile })
    await writeDump(await target.makeDirectory(NAME), 30)
    await target.close()
    const error = await failed(open(server))
    assert.match(error.message, /certificate is not trusted: .*(?:SELF_SIGNED|VERIFY)/)
    assert.equal(error.errno, '')
  }
  const other = makeCertificate('other.example')
  fs.writeFileSync(caFile, other.cert)
  await using server = await startHttpReceiver({ tls: other })
  assert.match((await failed(open(server, { caFile }))).message, /not trusted: .*ALTNAME/)
})

test('a server that accepts and says nothing does not keep us longer than it may take to open', async () => {
  await using server = await startHttpReceiver({ isSilent: true })
  const host = liveHost()
  const place: HttpPlace = {
    ...{ kind: 'http', url: server.url, addresses: ['127.0.0.1'] },
    ...{ tokenFile: '', caFile: '', takesRanges: true },
  }
  // By its patience alone it would wait for an hour.
  const patience = { replyMs: 3_600_000, outageMs: 3_600_000, pauseMs: 20 }
  const deadlines = { openMs: host.now() + 300, endMs: host.now() + 3_600_000 }
  const error = await failed(openHttp(place, host, deadlines, patience))
  assert.equal(error.errno, 'ETIMEDOUT')
  assert.match(error.message, /HEAD: no answer for 0\.\d s/)
})

test('a server that cannot be reached is tried until time is up', async () => {
  const patience = { replyMs: 200, outageMs: 1000, pauseMs: 20 }
  const host = liveHost()
  const error = await failed(open({ url: 'http://dumps.example:9/x' }, {}, { host, patience }))
  assert.equal(error.errno, 'ECONNREFUSED')
  assert.match(error.message, /^http http:\/\/dumps\.example:9\/x\/: HEAD: .*127\.0\.0\.1:9/)
  assert.ok(host.beats.length > 1)
})

test('an encrypted dump is uploaded as it is sealed, and its sum is of that', async () => {
  await using server = await startHttpReceiver()
  const target = await open(server)
  const identity = await generateIdentity()
  const made = await target.makeDirectory(NAME)
  const directory = sealDirectory(made, [await identityToRecipient(identity)])
  const output = await directory.openDump('vmcore.flat.age-incomplete')
  for (let i = 0; i < 30; i++) {
    output.write(i * BLOCK, new Uint8Array(BLOCK).fill(i))
    await output.drain?.()
  }
  output.write(0, Uint8Array.of(77))
  await output.sync()
  await output.close()
  await directory.rename('vmcore.flat.age-incomplete', 'vmcore.flat.age')
  const sealed = received(server, 'vmcore.flat.age')
  assert.equal(await directory.digestOf('vmcore.flat.age', 0), sum(sealed))
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity)
  const bytes = unflatten(Buffer.from(await decrypter.decrypt(sealed)))
  assert.equal(bytes.length, 30 * BLOCK)
  assert.deepEqual([bytes[0], bytes[1], bytes[BLOCK]], [77, 0, 1])
  await target.close()
})
