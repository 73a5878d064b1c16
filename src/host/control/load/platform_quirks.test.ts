// Platforms by their DMI strings, as the clouds and hypervisors write them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findPlatform, PLATFORMS, type PlatformFacts } from './platform_quirks.ts'

const NONE: PlatformFacts = {
  machine: 'x86_64',
  vendor: '',
  product: '',
  assetTag: '',
  hypervisor: '',
  isXenControl: false,
}
const HYPER_V = { vendor: 'Microsoft Corporation', product: 'Virtual Machine' }
const ROWS: readonly (readonly [string | undefined, Partial<PlatformFacts>])[] = [
  [undefined, {}],
  [undefined, { vendor: 'QEMU', product: 'Standard PC (Q35 + ICH9, 2009)' }],
  ['aws-graviton', { vendor: 'Amazon EC2', product: 'c6g.xlarge', machine: 'aarch64' }],
  ['aws', { vendor: 'Amazon EC2', product: 'c5.xlarge' }],
  ['azure', { ...HYPER_V, assetTag: '7783-7084-3265-9085-8269-3286-77' }],
  ['hyper-v', { ...HYPER_V, assetTag: '1234' }],
  [undefined, { vendor: 'Microsoft Corporation', product: 'Surface Pro' }],
  ['gcp', { vendor: 'Google', product: 'Google Compute Engine' }],
  ['xen-control', { hypervisor: 'xen', isXenControl: true }],
  ['xen', { hypervisor: 'xen', vendor: 'Xen', product: 'HVM domU' }],
]

for (const [id, facts] of ROWS) {
  test(`${JSON.stringify(facts)} is ${id ?? 'no platform we know'}`, () => {
    assert.equal(findPlatform({ ...NONE, ...facts })?.id, id)
  })
}

test('every platform is reached by a row, and every change has a reason', () => {
  const reached = new Set(ROWS.map(([id]) => id))
  for (const { id, add, remove } of PLATFORMS) {
    assert.ok(reached.has(id), id)
    for (const { reason } of [...add, ...remove]) assert.match(reason, / /)
  }
})
