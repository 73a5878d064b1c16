// `nfs host:/export` with a server that needs no name server.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveHost } from './resolve_host.ts'
import { parseKdumpConf } from '../config/kdump_conf.ts'
import { resolveNfs } from './resolve_nfs.ts'

async function resolve(options: string) {
  const parsed = parseKdumpConf('path /dumps\n')
  assert.ok(parsed.ok)
  const target = { kind: 'nfs', server: '192.0.2.9', export: '/export', options, line: 3 } as const
  return resolveNfs(target, parsed.conf)
}

test('a target is what the capture kernel mounts, and the modules of the versions it may try', async () => {
  const { place, modules } = await resolve('')
  assert.deepEqual(place, {
    kind: 'nfs',
    server: '192.0.2.9',
    addresses: ['192.0.2.9'],
    export: '/export',
    options: '',
    directory: '/dumps',
  })
  assert.deepEqual(modules, ['nfsv4', 'nfsv3'])
  assert.deepEqual((await resolve('vers=3,rw,hard')).modules, ['nfsv3'])
})

test('options that cannot work are refused with their line', async () => {
  await assert.rejects(
    resolve('vers=2'),
    /nfs options 'vers=2' \(kdump\.conf line 3\): no such version/,
  )
  await assert.rejects(resolve('ro'), /nfs option 'ro' \(kdump\.conf line 3\)/)
})

test('a name that nobody knows is told in the words of kdumpctl', async () => {
  await assert.rejects(
    resolveHost('no-such-host.invalid'),
    /^HostError: Bad kdump network destination: no-such-host\.invalid cannot be resolved/,
  )
  assert.deepEqual(await resolveHost('::1'), ['::1'])
})
