// Trees of what a crash leaves: breadcrumb files written as the three who write them do, manifests, notes of a collection.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import { BreadcrumbTrail } from '../../capture/breadcrumb.ts'
import {
  CRUMB_FILE_SIZE,
  encodeCrumbBlock,
  encodeCrumbFile,
  parseCrumbFile,
  type Crumb,
  type CrumbState,
} from '../../capture/breadcrumb_layout.ts'
import { crashOfCrumbs } from './crash_of_crumbs.ts'
import { findLastCrash } from './last_crash.ts'

const NONCE = '0123456789abcdef0123456789abcdef'
const DATE = '2026-11-22T09:05:03.000Z'
const DIRECTORY = '127.0.0.1-2026-11-22-09:05:03'

let root = ''
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-last-'))
})
afterEach(() => rmSync(root, { recursive: true }))

interface Left {
  readonly state?: CrumbState
  readonly crumbs?: readonly Crumb[]
  readonly shell?: readonly string[]
  readonly log?: string
}

function crumbFile({ state = 'armed', crumbs = [], shell = [], log }: Left): string {
  const file = path.join(root, 'var/lib/kdump/breadcrumbs')
  mkdirSync(path.dirname(file), { recursive: true })
  const header = {
    version: 1,
    state,
    release: '6.1.0-test',
    changedAt: DATE,
    bootId: 'b1',
  } as const
  const bytes = encodeCrumbFile(NONCE, header)
  for (const [i, text] of shell.entries())
    bytes.set(encodeCrumbBlock(NONCE, Buffer.from(`1795339000 ${text}\n`)), (i + 1) * 4096)
  writeFileSync(file, bytes)
  const place = {
    ...{ uuid: '', node: file, nonce: NONCE },
    extents: [{ offsetBytes: 0, sizeBytes: CRUMB_FILE_SIZE }],
  }
  const trail = new BreadcrumbTrail(place, {
    findDevice: () => file,
    say: () => assert.fail('told something'),
  })
  for (const crumb of crumbs) trail.add(crumb)
  if (log !== undefined) trail.saveLog([log])
  return file
}

const begin = (step: string): Crumb => ({ crumb: 'begin', step, atMs: 0 })
const end = (step: string, error = ''): Crumb => {
  return { crumb: 'end', step, ms: 5, error, memAvailableMinBytes: 1 }
}
const CAPTURE: Crumb = { crumb: 'capture', release: '6.1.0-test', date: DATE }
const last = () => findLastCrash('/var/crash', root)

describe('from breadcrumbs', () => {
  test('a target that never came is told by its step and the reason, and what to do', () => {
    crumbFile({
      crumbs: [
        ...[CAPTURE, { crumb: 'target', target: 'ext4 LABEL=crash' } as const, begin('device')],
        ...[end('device', 'no device after 60 s'), begin('breadcrumbs'), end('breadcrumbs')],
        { crumb: 'leave', action: 'reboot' },
      ],
      log: 'the log',
    })
    const crash = last()
    assert.equal(crash?.outcome, 'log')
    assert.deepEqual([crash.failedStep, crash.why], ['device', 'no device after 60 s'])
    assert.equal(crash.target, 'ext4 LABEL=crash')
    assert.match(crash.advice, /disk is there/)
  })

  test('a step that never ended is the one during which the recorder was killed', () => {
    crumbFile({
      crumbs: [CAPTURE, begin('device'), end('device'), begin('dump')],
      shell: ['the capture kernel is up', 'the recorder ended with code 137'],
    })
    const crash = last()
    assert.equal(crash?.outcome, 'lost')
    assert.deepEqual([crash.failedStep, crash.why], ['dump', 'the recorder was killed by signal 9'])
    assert.match(crash.advice, /crashkernel=/)
  })

  test('a second recorder that succeeds makes it a saved dump, and the first one is told', () => {
    crumbFile({
      crumbs: [
        ...[CAPTURE, begin('hook x'), CAPTURE, begin('dump'), end('dump')],
        ...[
          { crumb: 'saved', complete: true } as const,
          { crumb: 'leave', action: 'reboot' } as const,
        ],
      ],
      shell: ['the capture kernel is up', 'the recorder ended with code 137'],
    })
    const crash = last()
    assert.equal(crash?.outcome, 'saved')
    assert.deepEqual(
      crash.steps.map(({ name, ok }) => [name, ok]),
      [
        ['hook x', false],
        ['dump', true],
      ],
    )
  })

  test('a capture kernel that stood still is told in the words of its guard', () => {
    crumbFile({
      crumbs: [CAPTURE, begin('mount')],
      shell: ['the capture kernel is up', "no end after 20 s, no progress for 10 s (at '7 mount')"],
    })
    assert.deepEqual([last()?.failedStep, last()?.why.slice(0, 12)], ['mount', 'no end after'])
  })

  test('one that died in the middle without a word is told as that', () => {
    crumbFile({ crumbs: [CAPTURE, begin('dump')], shell: ['the capture kernel is up'] })
    assert.match(last()?.why ?? '', /panicked, a watchdog fired, or power was lost/)
  })

  test('a runtime that cannot be mounted is told though Node never ran', () => {
    crumbFile({ shell: ['the capture kernel is up', 'the runtime cannot be mounted'] })
    const { failedStep, why } = last() ?? {}
    assert.deepEqual([failedStep, why], ['runtime', 'the runtime cannot be mounted'])
  })

  test('a vmcore that the shell saved counts', () => {
    crumbFile({
      shell: [
        'up',
        'the recorder ended with code 1',
        `the shell saved a vmcore to /mnt/x/${DIRECTORY}`,
      ],
    })
    assert.equal(last()?.outcome, 'saved')
  })

  test('armed in another boot and no trace: the capture kernel never got to user space', () => {
    crumbFile({})
    assert.deepEqual([last()?.outcome, last()?.failedStep], ['lost', 'boot'])
    assert.match(last()?.why ?? '', /never got to user space/)
  })

  test('armed in this boot, or disarmed, is no crash', () => {
    const file = crumbFile({})
    mkdirSync(path.join(root, 'proc/sys/kernel/random'), { recursive: true })
    writeFileSync(path.join(root, 'proc/sys/kernel/random/boot_id'), 'b1\n')
    assert.equal(last(), undefined)
    rmSync(file)
    crumbFile({ state: 'disarmed' })
    writeFileSync(path.join(root, 'proc/sys/kernel/random/boot_id'), 'b2\n')
    assert.equal(last(), undefined)
  })
})

describe('from manifests', () => {
  const manifest = (name: string, changes: object = {}): void => {
    const folder = path.join(root, 'var/crash', name)
    mkdirSync(folder, { recursive: true })
    const whole = {
      ...{ version: 2, target: 't', release: 'r', capturedAt: DATE, complete: true, steps: [] },
      ...{ files: { vmcore: { sizeBytes: 1 } } },
    }
    writeFileSync(path.join(folder, 'kbox.json'), JSON.stringify({ ...whole, ...changes }))
  }

  test('the newest dump is the last crash', () => {
    manifest('127.0.0.1-2026-11-22-09:05:03')
    manifest('127.0.0.1-2026-11-21-09:05:03', { capturedAt: '2026-11-21T09:05:03.000Z' })
    assert.deepEqual([last()?.outcome, last()?.directory], ['saved', `/var/crash/${DIRECTORY}`])
  })

  test('a manifest of a dump that is not complete names the step', () => {
    const steps = [{ name: 'dump', ms: 1, ok: false, error: 'cannot write: ENOSPC' }]
    manifest(DIRECTORY, {
      complete: false,
      steps,
      files: { 'vmcore-incomplete': { sizeBytes: 1 } },
    })
    const crash = last()
    assert.deepEqual([crash?.outcome, crash?.failedStep], ['partial', 'dump'])
    assert.match(crash?.advice ?? '', /make room/)
  })

  test('breadcrumbs of the same crash tell the steps, the manifest where the dump is', () => {
    manifest(DIRECTORY)
    const directory = `/mnt/var/crash/${DIRECTORY}`
    crumbFile({
      crumbs: [CAPTURE, { crumb: 'directory', directory }, { crumb: 'saved', complete: true }],
    })
    assert.equal(last()?.directory, `/var/crash/${DIRECTORY}`)
  })

  test('one that is not JSON is passed over', () => {
    mkdirSync(path.join(root, 'var/crash/x'), { recursive: true })
    writeFileSync(path.join(root, 'var/crash/x/kbox.json'), '{')
    assert.equal(last(), undefined)
  })
})

test('damaged breadcrumb files tell a crash or are refused, and nothing else', () => {
  const whole = encodeCrumbFile(NONCE, {
    version: 1,
    state: 'armed',
    release: 'r',
    changedAt: DATE,
    bootId: 'b',
  })
  const lines = [CAPTURE, begin('a'), end('a', 'x')]
    .map((crumb) => JSON.stringify(crumb))
    .join('\n')
  whole.set(encodeCrumbBlock(NONCE, Buffer.from(`${lines}\n`)), 8 * 4096)
  const at = fc.oneof(fc.nat(4095), fc.integer({ min: 8 * 4096, max: 9 * 4096 }))
  fc.assert(
    fc.property(fc.array(fc.tuple(at, fc.nat(255)), { maxLength: 20 }), (changes) => {
      const undo = changes.map(([offset, value]) => {
        const before = whole[offset] as number
        whole[offset] = value
        return [offset, before] as const
      })
      try {
        crashOfCrumbs(parseCrumbFile('f', whole), 'b2')
      } catch (error) {
        assert.equal(error instanceof Error && error.name, 'FormatError')
      } finally {
        for (const [offset, value] of undo.toReversed()) whole[offset] = value
      }
    }),
    { numRuns: 300 },
  )
})
