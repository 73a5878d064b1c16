// The table is written as a run of names: a few all along it show that none is missing.
import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import { errnoName, pointerError } from './errno.ts'

test('names are those of this machine, which is Linux too', () => {
  for (const [name, number] of Object.entries(constants.errno)) {
    // Two names of one number.
    if (name === 'EWOULDBLOCK' || name === 'ENOTSUP') continue
    assert.equal(errnoName(number), name)
  }
  assert.equal(errnoName(133), 'EHWPOISON')
  assert.equal(errnoName(41), undefined)
  assert.equal(errnoName(0), undefined)
  assert.equal(errnoName(517), 'EPROBE_DEFER')
  assert.equal(errnoName(4095), undefined)
})

test('a pointer is an error within the last page of addresses', () => {
  assert.equal(pointerError(0xffff_ffff_ffff_fffen), 2)
  assert.equal(pointerError(0xffff_ffff_ffff_f001n), 4095)
  assert.equal(pointerError(0xffff_ffff_ffff_f000n), undefined)
  assert.equal(pointerError(0n), undefined)
})
