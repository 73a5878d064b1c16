// What is kept of made-up dumps, then of folders on a disk among which are some that are not ours.
import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { HostError } from '../../../core/base/errors.ts'
import { makeDumpFolder } from '../../../../test/support/dump_folder.ts'
import { type ConfRetention, DEFAULT_CONF } from '../config/kdump_conf_model.ts'
import { pinDump, unpinDump } from './pin.ts'
import { pruneDumps, type PruneResult } from './prune.ts'
import { planRetention } from './retention.ts'
import type { SavedDump } from './saved_dumps.ts'

const DAY = 86_400_000
const NO_LIMIT: ConfRetention = { count: undefined, bytes: undefined, ageDays: undefined }

/** Dumps of 100 bytes, one a day; the first is the oldest. */
function dumps(...kinds: readonly ('whole' | 'part' | 'pinned')[]): SavedDump[] {
  return kinds.map((kind, day) => ({
    ...{ directory: `/d/${day}`, name: String(day), manifest: '', crashedMs: day * DAY },
    ...{ complete: kind !== 'part', sizeBytes: 100, isPinned: kind === 'pinned' },
  }))
}

function removed(
  all: readonly SavedDump[],
  limits: Partial<ConfRetention>,
  nowMs = 100 * DAY,
): string {
  const { removals } = planRetention(all, { ...NO_LIMIT, ...limits }, nowMs)
  return removals.map(({ dump }) => dump.name).join('')
}

test('without limits nothing is removed', () => {
  assert.equal(removed(dumps('whole', 'whole', 'part'), {}), '')
  assert.equal(removed([], { count: 1 }), '')
})

test('the newest are kept, by count, by bytes, by age', () => {
  const all = dumps('whole', 'whole', 'whole', 'whole')
  assert.equal(removed(all, { count: 2 }), '01')
  assert.equal(removed(all, { bytes: 300 }), '0')
  assert.equal(removed(all, { bytes: 299 }), '01')
  assert.equal(removed(all, { ageDays: 2 }, 4 * DAY), '01')
  assert.equal(removed(all, { count: 3, bytes: 200 }), '01')
})

test('the newest whole dump stays whatever the limits, behind newer ones that are not', () => {
  assert.equal(removed(dumps('whole', 'whole', 'part', 'part'), { count: 1 }), '02')
  assert.equal(removed(dumps('whole', 'whole'), { bytes: 1, ageDays: 1 }), '0')
})

test('what is pinned stays, takes room, and no place among the newest', () => {
  const all = dumps('pinned', 'whole', 'pinned', 'whole')
  assert.equal(removed(all, { ageDays: 1 }), '1')
  assert.equal(removed(all, { count: 2 }), '')
  assert.equal(removed(all, { bytes: 250 }), '1')
})

test('a clock behind the newest crash removes nothing for its age, and says so', () => {
  const all = dumps('whole', 'whole', 'whole')
  const plan = planRetention(all, { ...NO_LIMIT, ageDays: 1 }, 2 * DAY - 1)
  assert.deepEqual(plan.removals, [])
  assert.match(plan.notes.join(), /clock is behind/)
  assert.equal(removed(all, { ageDays: 1, count: 2 }, 0), '0')
})

let root = ''
let crash = ''
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-prune-'))
  crash = path.join(root, 'var/crash')
  mkdirSync(crash, { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true }))

const day = (number: number): string => `2026-11-0${number}T10:00:00.000Z`
const name = (number: number): string => `127.0.0.1-2026-11-0${number}-10:00:00`

function prune(
  limits: Partial<ConfRetention>,
  options: Partial<Parameters<typeof pruneDumps>[1]> = {},
): PruneResult {
  const conf = { ...DEFAULT_CONF, retention: { ...NO_LIMIT, ...limits } }
  return pruneDumps(conf, { isDryRun: false, nowMs: Date.now(), root, note: () => {}, ...options })
}

test('dumps of ours are removed, and nothing else that lies there', () => {
  for (const number of [1, 2, 3]) makeDumpFolder(crash, { capturedAt: day(number) })
  const others = ['notes', '127.0.0.1-2026-11-01-11:00:00', '127.0.0.1-2026-11-01-12:00:00']
  for (const other of others) mkdirSync(path.join(crash, other))
  // Another program's folder, whose manifest is not one.
  writeFileSync(path.join(crash, others[2] ?? '', 'kbox.json'), '{}')
  const outside = makeDumpFolder(root, { name: 'outside', capturedAt: day(1) })
  symlinkSync(outside, path.join(crash, '127.0.0.1-2026-11-01-13:00:00'))
  const { removals } = prune({ count: 1 })
  assert.deepEqual(
    removals.map(({ dump }) => dump.name),
    [name(1), name(2)],
  )
  assert.deepEqual(readdirSync(crash).toSorted(), [
    ...[...others, '127.0.0.1-2026-11-01-13:00:00', name(3)].toSorted(),
  ])
  assert.ok(existsSync(path.join(outside, 'vmcore')))
})

test('--dry-run tells and removes nothing', () => {
  for (const number of [1, 2]) makeDumpFolder(crash, { capturedAt: day(number) })
  assert.equal(
    prune({ count: 1 }, { isDryRun: true, note: () => assert.fail() }).removals.length,
    1,
  )
  assert.equal(readdirSync(crash).length, 2)
})

test('a pinned dump stays until it is unpinned', () => {
  for (const number of [1, 2]) makeDumpFolder(crash, { capturedAt: day(number) })
  pinDump(path.join(crash, name(1)), 'case 7')
  assert.deepEqual(prune({ count: 1 }).removals, [])
  unpinDump(path.join(crash, name(1)))
  assert.equal(prune({ count: 1 }).removals.length, 1)
})

test('a removal that was cut off is finished the next time, a link of its name is not followed', () => {
  const outside = makeDumpFolder(root, { name: 'outside' })
  makeDumpFolder(crash, { capturedAt: day(1) })
  makeDumpFolder(crash, { capturedAt: day(2) })
  renameSync(path.join(crash, name(1)), path.join(crash, `.kbox-removed-${name(1)}`))
  symlinkSync(outside, path.join(crash, '.kbox-removed-x'))
  const { notes } = prune({})
  assert.deepEqual(readdirSync(crash).toSorted(), ['.kbox-removed-x', name(2)])
  assert.match(notes.join(), /\.kbox-removed-x was not removed/)
  assert.ok(existsSync(path.join(outside, 'vmcore')))
})

test('what cannot be noted where it must be stays', () => {
  for (const number of [1, 2]) makeDumpFolder(crash, { capturedAt: day(number) })
  const note = (): never => {
    throw new HostError('no log')
  }
  const { removals, notes } = prune({ count: 1 }, { note })
  assert.deepEqual(removals, [])
  assert.match(notes.join(), /was not removed: no log/)
  assert.equal(readdirSync(crash).length, 2)
})
