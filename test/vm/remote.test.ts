// Targets behind a network, by the servers that others run: OpenSSH's own sshd, and an HTTP receiver, on this machine's
// loopback, which a guest reaches as 10.0.2.2. Between them lies a wire that breaks where it hurts.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { openDump } from '../../src/core/dump/formats.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import type { GuestFile } from '../../src/host/rehearse/guest_root.ts'
import { rehearse } from '../../src/host/rehearse/rehearse.ts'
import type { RehearseOptions } from '../../src/host/rehearse/rehearse_options.ts'
import { formatRehearseText } from '../../src/host/rehearse/rehearse_text.ts'
import { startHttpReceiver } from '../support/http_receiver.ts'
import { quietOptions } from '../support/rehearsals.ts'
import { startSshd, type TestSshd } from '../support/sshd.ts'
import { startTcpProxy } from '../support/tcp_proxy.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-remote-'))
after(() => rmSync(folder, { recursive: true }))

const CARD = { model: 'virtio-net-pci', mac: '52:54:00:12:34:56', netdev: 'user' }
/** A guest reaches this machine's loopback by it. */
const HOST = '10.0.2.2'
const REST = `core_collector makedumpfile -z --message-level 7 -d 31
failure_action poweroff
final_action reboot
`

function options(series: string, name: string, kdumpConf: string): RehearseOptions {
  return {
    ...quietOptions(series, kdumpConf),
    cards: [CARD],
    keep: path.join(folder, name),
  }
}

function fileOf(name: string, text: string): string {
  mkdirSync(path.join(folder, 'files'), { recursive: true })
  const file = path.join(folder, 'files', name)
  writeFileSync(file, text, { mode: 0o600 })
  return file
}

/** What root of the guest has in its .ssh. */
function sshFiles(sshd: TestSshd, port: number, key = sshd.hostKey): GuestFile[] {
  const known = fileOf(`known_hosts.${port}`, `[${HOST}]:${port} ${key}\n`)
  return [
    { path: '/root/.ssh/kdump_id_rsa', source: sshd.keyFile },
    { path: '/root/.ssh/known_hosts', source: known },
  ]
}

/** What the recorder said on the console. */
function said(name: string): string {
  const log = readFileSync(path.join(folder, name, 'console.log'), 'utf8')
  return log.replaceAll(/^(?!kbox: ).*\n/gm, '')
}

const lowestMemory = (name: string): string =>
  /lowest free memory \d+ MB/.exec(said(name))?.[0] ?? ''

/** Read every page: bytes that are missing or out of place do not decompress, or lie behind the end. */
function countReadablePages(file: string): number {
  using dump = openDump(openFileSource(file))
  const page = new Uint8Array(dump.pageSize)
  let count = 0
  for (const { start, end } of dump.pfnRuns('present')) {
    for (let pfn = start; pfn < end; pfn++) {
      dump.readPhysical(pfn * dump.pageSize, page)
      count++
    }
  }
  return count
}

test('OpenSSH takes a dump over a connection that is cut in the middle', async (t) => {
  await using sshd = await startSshd()
  await using proxy = await startTcpProxy(sshd.port)
  const conf = `ssh ${sshd.user}@${HOST}:${proxy.port}\npath ${sshd.folder}\n${REST}`
  const result = await rehearse({
    ...options('6.1', 'ssh', conf),
    files: sshFiles(sshd, proxy.port),
    receivedIn: '/',
    onStep(name, ended) {
      if (name === 'arm' && ended) proxy.cutAfter(4_000_000)
    },
  })
  assert.equal(result.ok, true, `${formatRehearseText(result)}\n${sshd.log()}`)
  assert.equal(result.capture?.complete, true)
  // Preflight, capture, and once more.
  assert.equal(proxy.connections, 3)
  assert.match(said('ssh'), /kbox: ssh .*; connecting again/)
  assert.ok(countReadablePages(path.join(folder, 'ssh/vmcore')) > 5000)
  t.diagnostic(lowestMemory('ssh'))
})

test('an HTTP server takes a dump in parts, one of which it has to be sent twice', async (t) => {
  const token = 'token-of-the-test'
  const receivedIn = path.join(folder, 'received')
  mkdirSync(receivedIn)
  await using server = await startHttpReceiver({ token, receivedIn })
  const conf = `http http://${HOST}:${server.port}/dumps
http_token /etc/kbox/token
path /dumps
${REST}`
  const result = await rehearse({
    ...options('6.12', 'http', conf),
    files: [{ path: '/etc/kbox/token', source: fileOf('token', `${token}\n`) }],
    receivedIn,
    onStep(name, ended) {
      if (name === 'arm' && ended) server.habits.cuts = { afterBytes: 500_000, count: 1 }
    },
  })
  assert.equal(result.ok, true, formatRehearseText(result))
  assert.equal(server.habits.cuts.count, 0)
  assert.match(result.dump?.file ?? '', /vmcore\.flat$/)
  assert.match(
    readFileSync(path.join(folder, 'http/kbox.json'), 'utf8'),
    /"sha256": "[0-9a-f]{64}"/,
  )
  assert.ok(countReadablePages(path.join(folder, 'http/vmcore.flat')) > 5000)
  t.diagnostic(lowestMemory('http'))
})

test('a server with another host key and one that is silent are named and left for the next', async () => {
  // The guest must be able to have that folder, too; its /tmp is in memory.
  await using sshd = await startSshd({ parent: '/var/tmp' })
  await using other = await startSshd()
  await using wire = await startTcpProxy(sshd.port)
  await using server = await startHttpReceiver()
  await using dead = await startTcpProxy(server.port)
  const conf = `ssh ${sshd.user}@${HOST}:${wire.port}
fallback http http://${HOST}:${dead.port}/dumps
fallback path
path ${sshd.folder}
disk_timeout 5
${REST}`
  const result = await rehearse({
    ...options('6.1', 'fallback', conf),
    files: sshFiles(sshd, wire.port),
    onStep(name, ended) {
      if (name !== 'arm' || !ended) return
      wire.leadTo(other.port)
      dead.block()
    },
  })
  assert.equal(result.ok, true, formatRehearseText(result))
  const manifest = readFileSync(path.join(folder, 'fallback/kbox.json'), 'utf8')
  assert.match(
    manifest,
    /shows the host key ssh-ed25519 SHA256:[\w+/]+, which is none of those known/,
  )
  assert.match(manifest, /http .*: HEAD: no answer for [\d.]+ s/)
  assert.doesNotMatch(other.log(), /Accepted/)
})
