// The memory that filtering may take, beyond what the runtime takes anyway, on a simulated machine of 1 TiB; of more with
// KBOX_BUDGET_TIB=4 (up to 16).
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { runCosted } from '../../bench/process_cost.ts'
import { writeHugeMachine } from '../support/huge_machine.ts'

const KBOX = path.resolve(import.meta.dirname, '../../bin/kbox')
/** Stated in issue 3: what a capture kernel can spare, whatever the size of the machine. */
const BUDGET_BYTES = 64 * 2 ** 20
const TIB = Number(process.env.KBOX_BUDGET_TIB ?? 1)
const TIMEOUT_S = 300

/** Holes of files in memory cost nothing to read; on a disk's file system each fills the page cache. */
const SHARED_MEMORY = '/dev/shm'

const skip = !fs.existsSync('/usr/bin/time') && 'needs GNU time'

test(`filtering ${TIB} TiB takes less than 64 MiB beyond the runtime`, { skip }, (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-budget-'))
  const parent = fs.existsSync(SHARED_MEMORY) ? SHARED_MEMORY : folder
  const machine = fs.mkdtempSync(path.join(parent, 'kbox-budget-'))
  try {
    const vmcore = path.join(machine, 'vmcore')
    writeHugeMachine(vmcore, TIB * 2 ** 40)
    const base = runCosted([KBOX, 'makedumpfile', '-v'], TIMEOUT_S)
    const options = ['-z', '-d', '31', '--num-threads', '1', '--message-level', '4']
    const output = path.join(folder, 'dump')
    const cost = runCosted([KBOX, 'makedumpfile', ...options, vmcore, output], TIMEOUT_S)
    assert.equal(cost.failed, '')
    const beyond = cost.peakBytes - base.peakBytes
    t.diagnostic(`${(beyond / 2 ** 20).toFixed(1)} MiB beyond the runtime`)
    assert.ok(beyond > 0 && beyond < BUDGET_BYTES, `${(beyond / 2 ** 20).toFixed(1)} MiB`)
  } finally {
    fs.rmSync(machine, { recursive: true })
    fs.rmSync(folder, { recursive: true })
  }
})
