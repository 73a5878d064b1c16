// Servers that cannot take a dump, as the preflight tells them; those that can are in test/vm.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { preflight, preflightTargets } from './preflight.ts'
import type { ResolvedTarget } from './resolve_target.ts'

const TARGET: Omit<ResolvedTarget, 'place'> = {
  modules: [],
  device: undefined,
  availableBytes: undefined,
  files: [],
}

async function closedPort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  await new Promise((resolve) => server.close(resolve))
  return address.port
}

test('a server that does not answer is told in the words of kdumpctl, with the step and the reason', async (context) => {
  // A temporary folder of our own shows whether anything is left in it.
  const { TMPDIR = os.tmpdir() } = process.env
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-preflight-test-'))
  process.env['TMPDIR'] = folder
  context.after(() => {
    process.env['TMPDIR'] = TMPDIR
    rmSync(folder, { recursive: true })
  })
  const place = {
    kind: 'nfs',
    server: 'files',
    addresses: ['127.0.0.1'],
    export: '/export',
    options: `port=${await closedPort()}`,
    directory: '/var/crash',
  } as const
  await assert.rejects(
    preflight({ ...TARGET, place }, 100),
    /^HostError: Failed to mount files:\/export for kdump preflight check\. .*\(connect: NFS server files does not answer: .*ECONNREFUSED/,
  )
  assert.deepEqual(readdirSync(folder), [])
})

test('a file system of this machine is not written to', async () => {
  const place = {
    kind: 'filesystem',
    fstype: 'ext4',
    uuid: 'no-such',
    node: '/dev/no-such',
    options: '',
    directory: '/var/crash',
  } as const
  assert.deepEqual(await preflightTargets([{ ...TARGET, place }]), [])
})
