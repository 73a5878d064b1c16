// kdump.conf's targets and the disks made for them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseKdumpConf } from '../control/config/kdump_conf.ts'
import { planScratchTarget } from './scratch_target.ts'

function plan(text: string) {
  const parsed = parseKdumpConf(text)
  assert.ok(parsed.ok)
  return planScratchTarget(parsed.conf)
}

test('without a target, dumps go to the root disk', () => {
  const { disk, folder, links } = plan('path /var/crash\n')
  assert.deepEqual({ disk, folder, links }, { disk: 'root', folder: '/var/crash', links: [] })
})

test('a UUID or a label is given to the scratch disk', () => {
  const uuid = '01234567-89ab-cdef-0123-456789abcdef'
  assert.deepEqual(plan(`ext4 UUID=${uuid}\npath /dumps\n`), {
    disk: 'target',
    fstype: 'ext4',
    folder: '/dumps',
    uuid,
    label: '',
    links: [],
  })
  assert.equal(plan('ext3 LABEL=crash\n').label, 'crash')
})

test("a node of the user's machine becomes a link to the scratch disk", () => {
  assert.deepEqual(plan('ext4 /dev/mapper/vg-crash\n').links, [
    ['/dev/mapper/vg-crash', '/dev/vdb'],
  ])
  assert.deepEqual(plan('ext4 /dev/vdb\n').links, [])
})

test('on another bus the scratch disk has another name', () => {
  const parsed = parseKdumpConf('xfs /dev/sdb1\n')
  assert.ok(parsed.ok)
  assert.deepEqual(planScratchTarget(parsed.conf, 'nvme').links, [['/dev/sdb1', '/dev/nvme0n1']])
})
