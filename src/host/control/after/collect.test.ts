// A tree as a crash without a target leaves it, collected as the next boot does.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { BreadcrumbTrail } from '../../capture/breadcrumb.ts'
import {
  CRUMB_FILE_SIZE,
  encodeCrumbFile,
  parseCrumbFile,
} from '../../capture/breadcrumb_layout.ts'
import { collectLastCrash } from './collect.ts'
import { DEFAULT_CONF } from '../config/kdump_conf_model.ts'
import { findLastCrash } from './last_crash.ts'

const NONCE = '0123456789abcdef0123456789abcdef'
const DATE = '2026-11-22T09:05:03.000Z'

let root = ''
let crumbs = ''
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-collect-'))
  crumbs = path.join(root, 'var/lib/kdump/breadcrumbs')
  mkdirSync(path.dirname(crumbs), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true }))

/** A capture whose target's device never came. */
function leave(log: string | undefined): void {
  const header = {
    version: 1,
    state: 'armed',
    release: '6',
    changedAt: DATE,
    bootId: 'b1',
  } as const
  writeFileSync(crumbs, encodeCrumbFile(NONCE, header))
  const extents = [{ offsetBytes: 0, sizeBytes: CRUMB_FILE_SIZE }]
  const place = { uuid: '', node: crumbs, nonce: NONCE, extents }
  const trail = new BreadcrumbTrail(place, { findDevice: () => crumbs, say: () => {} })
  trail.add({ crumb: 'capture', release: '6', date: DATE })
  trail.add({ crumb: 'begin', step: 'device', atMs: 0 })
  trail.add({ crumb: 'end', step: 'device', ms: 9, error: 'no device', memAvailableMinBytes: 1 })
  if (log !== undefined) trail.saveLog([log])
}

const collect = (): string[] => collectLastCrash(DEFAULT_CONF, root).map(({ text }) => text)
const folders = (): string[] => readdirSync(path.join(root, 'var/crash'))

test('the log becomes a vmcore-dmesg.txt, with a manifest, and it is told what failed', () => {
  leave('the log\n')
  const [first, ...more] = collect()
  assert.equal(first, 'The last crash was not saved, but its log was: device: no device')
  const [name = ''] = folders()
  assert.match(name, /^127\.0\.0\.1-2026-11-2[123]-\d\d:05:03$/)
  assert.ok(more.includes(`  /var/crash/${name}`))
  const read = (file: string): string =>
    readFileSync(path.join(root, 'var/crash', name, file), 'utf8')
  assert.equal(read('vmcore-dmesg.txt'), 'the log\n')
  assert.match(read('kbox.json'), /"complete": false/)
})

test('once collected it is told no more, but `kbox last` still knows', () => {
  leave('the log\n')
  collect()
  assert.deepEqual(collect(), [])
  assert.equal(folders().length, 1)
  const { header, crumbs: left, log } = parseCrumbFile('f', readFileSync(crumbs))
  assert.deepEqual([header.state, left, log], ['disarmed', [], undefined])
  const last = findLastCrash('/var/crash', root)
  assert.deepEqual([last?.outcome, last?.failedStep, last?.why], ['log', 'device', 'no device'])
})

test('a collection that is cut off before it forgot the crumbs ends in the same folder', () => {
  leave('the log\n')
  const before = readFileSync(crumbs)
  collect()
  writeFileSync(crumbs, before)
  collect()
  assert.equal(folders().length, 1)
})

test('a crash without a log leaves no folder, only the report', () => {
  leave(undefined)
  assert.match(collect()[0] ?? '', /^The last crash was not saved: device: no device$/)
  assert.throws(folders, { code: 'ENOENT' })
  assert.equal(findLastCrash('/var/crash', root)?.outcome, 'lost')
})

test('a machine that is armed and has not crashed is left alone', () => {
  const header = {
    version: 1,
    state: 'armed',
    release: '6',
    changedAt: DATE,
    bootId: 'b1',
  } as const
  writeFileSync(crumbs, encodeCrumbFile(NONCE, header))
  mkdirSync(path.join(root, 'proc/sys/kernel/random'), { recursive: true })
  writeFileSync(path.join(root, 'proc/sys/kernel/random/boot_id'), 'b1\n')
  assert.deepEqual(collect(), [])
  assert.equal(parseCrumbFile('f', readFileSync(crumbs)).header.state, 'armed')
})
