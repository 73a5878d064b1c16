// Checks as the log has them, release by release, for kernels whose table cannot be read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../test/support/scene.ts'
import { checkPlace, failedCheck, type FailedCheck } from './failed_check.ts'

function checkOf(log: readonly string[]): FailedCheck | undefined {
  const scene = sceneOf({ log })
  const [incident] = scene.incidents
  return incident && failedCheck(scene, incident.fault)
}

test('file and line stand behind the task before v6.18, before it since', () => {
  const before = checkOf(OOPS_TEXTS['refcount, 6.1'])
  assert.deepEqual([before?.file, before?.line, before?.isWarning], ['lib/refcount.c', 28, true])
  const since = checkOf(OOPS_TEXTS['warning, 6.18'])
  assert.deepEqual([since?.file, since?.line], ['drivers/misc/hub.c', 131])
  assert.equal(since?.message, 'limit of 4 exceeded')
  assert.equal(since?.isInTable, false)
})

test('a BUG() is no warning, also behind the line that says what it checked', () => {
  const plain = checkOf(OOPS_TEXTS['BUG, 6.1'])
  assert.deepEqual([plain?.isWarning, plain && checkPlace(plain)], [false, 'mm/slub.c:419'])
  const list = checkOf(OOPS_TEXTS['list corruption, 6.12'])
  assert.deepEqual([list?.isWarning, list?.line], [false, 56])
})

test('what was printed long before, or by another, is not what it said', () => {
  const bug = 'kernel BUG at mm/slub.c:419!'
  const cut = '------------[ cut here ]------------'
  const of = (first: object): string | undefined => {
    const scene = sceneOf({
      log: [
        { text: 'usb 1-1: new device', ...first },
        { text: cut, seconds: 9 },
        { text: bug, seconds: 9 },
      ],
    })
    const [incident] = scene.incidents
    return incident && failedCheck(scene, incident.fault)?.message
  }
  assert.equal(of({ seconds: 9 }), 'usb 1-1: new device')
  assert.equal(of({ seconds: 1 }), '')
})

test('an oops is no check', () => {
  assert.equal(checkOf(OOPS_TEXTS['null pointer, 6.1']), undefined)
})
