// SSH targets against OpenSSH's own server, without a virtual machine: dumps in place and flattened, what makedumpfile makes
// of the latter, room, and the server's extensions.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { openSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { runDump } from '../../src/host/capture/engine.ts'
import type { DumpOutput } from '../../src/host/platform/dump_output.ts'
import { PATIENCE } from '../../src/host/target/patience.ts'
import type { SshPlace } from '../../src/host/target/place.ts'
import { openSsh } from '../../src/host/target/ssh/ssh.ts'
import type { OpenTarget, TargetDirectory } from '../../src/host/target/target.ts'
import { liveHost } from '../support/live_host.ts'
import { MemoryOutput } from '../support/memory_output.ts'
import { PageArrayMachine } from '../support/page_array_recipe.ts'
import { startSshd, type TestSshd } from '../support/sshd.ts'
import { startTcpProxy } from '../support/tcp_proxy.ts'

const machine = new PageArrayMachine('6.12', '0x700-0x7ff lru\n0xf00-0xfff zero')

async function dump(output: DumpOutput): Promise<void> {
  const stats = await runDump({
    ...{ dump: machine.dump(), level: 1, codec: undefined, pageOrder: 'priority' },
    outputs: [output],
  })
  assert.equal(stats.isComplete, true)
  await output.sync()
  await output.close()
}

async function open(sshd: TestSshd, place: Partial<SshPlace> = {}): Promise<OpenTarget> {
  const host = liveHost()
  const deadlines = { openMs: host.now() + 20_000, endMs: host.now() + 60_000 }
  const whole: SshPlace = {
    ...{ kind: 'ssh', user: sshd.user, host: 'server', port: sshd.port },
    ...{ addresses: ['127.0.0.1'], keyFile: sshd.keyFile, isFlattened: false },
    ...{ hostKeys: [sshd.hostKey.split(' ')[1] ?? ''], directory: `${sshd.folder}/a/b` },
    ...place,
  }
  return openSsh(whole, host, deadlines, PATIENCE)
}

async function save(directory: TargetDirectory, name: string): Promise<string> {
  await dump(await directory.openDump(`${name}-incomplete`))
  await directory.rename(`${name}-incomplete`, name)
  return path.join(directory.name, name)
}

test('a dump over a wire that is cut is the one a disk would have, byte for byte', async () => {
  await using sshd = await startSshd()
  await using proxy = await startTcpProxy(sshd.port)
  const target = await open(sshd, { port: proxy.port })
  const directory = await target.makeDirectory('dump')
  proxy.cutAfter(3_000_000, 2)
  const file = await save(directory, 'vmcore')
  assert.equal(proxy.connections, 3)
  const plain = new MemoryOutput()
  await dump(plain)
  assert.ok(Buffer.compare(readFileSync(file), plain.bytes) === 0)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  await target.close()
})

test('room is told, older files are replaced', async () => {
  await using sshd = await startSshd()
  const target = await open(sshd)
  const free = await target.freeBytes()
  assert.ok(free !== undefined && free > 0)
  const directory = await target.makeDirectory('dump')
  for (const text of ['a longer text', 'short']) await directory.writeFile('note', [text])
  assert.equal(readFileSync(path.join(directory.name, 'note'), 'utf8'), 'short')
  await target.close()
})

for (const { name, command } of peers('makedumpfile')) {
  test(`${name} -R makes a flattened dump what it would have been in place`, async () => {
    await using sshd = await startSshd()
    const target = await open(sshd, { isFlattened: true })
    const flat = await save(await target.makeDirectory('dump'), 'vmcore.flat')
    await target.close()
    const plain = new MemoryOutput()
    await dump(plain)
    const output = path.join(sshd.folder, 'vmcore')
    const { status, stderr } = spawnSync(command, ['-R', output], {
      stdio: [openSync(flat, 'r'), 'ignore', 'pipe'],
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    assert.ok(Buffer.compare(readFileSync(output), plain.bytes) === 0)
  })
}
