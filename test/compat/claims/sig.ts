// sig: what tasks do about signals, and what is pending.
import assert from 'node:assert/strict'
import {
  crashClaim,
  defineClaims,
  guestClaim,
  refusedAsCrash,
  sameAsCrash,
  without,
  type JsonBlock,
} from './claim.ts'
import { byTask } from './gdb_text.ts'
import { largePid, settledProcesses } from './user_truth.ts'

const unflagged = without(/^SIGPENDING/)

export const sig = defineClaims([
  ...['-l', '-s 800A000000000201', '-s ffffffffffffffff', '-s 0', '1', '2', '1 2', '-g 1'].map(
    (text) => sameAsCrash(`sig ${text}`),
  ),
  sameAsCrash((program) => `sig ${largePid(program)}`, {}, { shows: 'sig PID' }),
  sameAsCrash((program) => `sig -g ${largePid(program)}`, {}, { shows: 'sig -g PID' }),
  refusedAsCrash('sig 99999'),
  crashClaim('foreach sh sig', ({ lines }, theirs) => {
    // A stopped task with a signal of its process has one pending; crash asks TIF_SIGPENDING, which it has not.
    assert.deepEqual(byTask(unflagged(lines)), byTask(unflagged(theirs)))
  }),
  guestClaim('foreach user sig', ({ blocks, program }, truth) => {
    const settled = settledProcesses(program, truth)
    assert.ok(settled.length > 3)
    for (const task of settled) {
      const pid = task.number('pid')
      const status = truth.ofProcess(pid, 'status')
      const section = blocks.find(({ heading }) => heading?.pid === pid)?.blocks as JsonBlock[]
      const records = section.filter(({ kind }) => kind === 'record').map(({ values }) => values)
      const masks = Object.assign({}, ...records)
      assert.equal(BigInt(masks.blocked), statusMask(status, 'SigBlk'), `${pid}`)
      // Of the thread, then of its process.
      const [own, shared] = records.flatMap(({ signal }) =>
        signal === undefined ? [] : [BigInt(signal)],
      )
      assert.equal(own, statusMask(status, 'SigPnd'), `${pid}`)
      assert.equal(shared, statusMask(status, 'ShdPnd'), `${pid}`)
      const actions = section.find(({ kind }) => kind === 'table')?.rows as {
        sig: number
        handler: string
      }[]
      const set = (wanted: (handler: bigint) => boolean): bigint =>
        actions.reduce(
          (bits, { sig: n, handler }) =>
            wanted(BigInt(handler)) ? bits | (1n << BigInt(n - 1)) : bits,
          0n,
        )
      assert.equal(
        set((handler) => handler === 1n),
        statusMask(status, 'SigIgn'),
        `${pid}`,
      )
      assert.equal(
        set((handler) => handler > 1n),
        statusMask(status, 'SigCgt'),
        `${pid}`,
      )
    }
  }),
])

const statusMask = (status: string, name: string): bigint =>
  BigInt(`0x${new RegExp(`^${name}:\\t([\\da-f]+)$`, 'm').exec(status)?.[1] ?? ''}`)
