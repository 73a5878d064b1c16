// What a server says, through the script as busybox runs it, and damaged.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatDhcpScript, parseDhcpLease } from './dhcp.ts'

function runScript(event: string, env: Readonly<Record<string, string>>): string | undefined {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-dhcp-'))
  try {
    const lease = path.join(folder, 'lease')
    const script = path.join(folder, 'script')
    writeFileSync(script, formatDhcpScript(lease), { mode: 0o700 })
    assert.equal(spawnSync(script, [event], { env: { PATH: '/bin:/usr/bin', ...env } }).status, 0)
    return existsSync(lease) ? readFileSync(lease, 'utf8') : undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a bound lease comes through the script', () => {
  const text = runScript('bound', { ip: '192.0.2.5', mask: '24', router: '192.0.2.1 192.0.2.2' })
  assert.deepEqual(parseDhcpLease(text ?? ''), {
    address: '192.0.2.5/24',
    routes: [{ to: '0.0.0.0/0', via: '192.0.2.1' }],
  })
})

test('other events write nothing', () => {
  for (const event of ['deconfig', 'leasefail', 'nak'])
    assert.equal(runScript(event, {}), undefined)
})

test('classless static routes take the place of the router', () => {
  const text = runScript('bound', {
    ip: '10.128.0.2',
    mask: '32',
    router: '10.128.0.9',
    staticroutes: '10.128.0.1/32 0.0.0.0 0.0.0.0/0 10.128.0.1',
  })
  assert.deepEqual(parseDhcpLease(text ?? '')?.routes, [
    { to: '10.128.0.1/32', via: '' },
    { to: '0.0.0.0/0', via: '10.128.0.1' },
  ])
})

test('what a hostile server says never becomes anything but addresses', () => {
  const word = fc.oneof(
    fc.ipV4(),
    fc.ipV4Extended(),
    fc.string({ unit: 'binary' }),
    fc.constant('24'),
  )
  fc.assert(
    fc.property(word, word, word, fc.array(word), (ip, mask, router, routes) => {
      const text = `ip=${ip}\nmask=${mask}\nrouter=${router}\nstaticroutes=${routes.join(' ')}\n`
      const lease = parseDhcpLease(text)
      if (!lease) return
      assert.ok(isIPv4(lease.address.split('/')[0] ?? ''))
      for (const { to, via } of lease.routes) {
        assert.match(to, /^[\d.]+\/\d{1,2}$/)
        assert.ok(via === '' || isIPv4(via))
      }
    }),
  )
})
