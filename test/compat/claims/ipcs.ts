// ipcs: System V IPC.
import assert from 'node:assert/strict'
import { forEachIpc, ipcNamespace } from '../../../src/core/kernel/ipc.ts'
import type { Program } from '../../../src/core/program/program.ts'
import { defineClaims, guestClaim, refusedAsCrash, sameAsCrash, type JsonRow } from './claim.ts'

function firstSegment(program: Program): string {
  const namespace = ipcNamespace(program)
  for (const shm of namespace ? forEachIpc(namespace, 'shm') : []) return shm.address.toString(16)
  return ''
}

/** A file of /proc/sysvipc as rows of numbers by their titles. */
function sysvipc(text: string): Record<string, number>[] {
  const [head, ...rows] = text.split('\n').filter((line) => line !== '')
  const titles = (head ?? '').trim().split(/ +/)
  return rows.map((line) => {
    const values = line.trim().split(/ +/)
    return Object.fromEntries(titles.map((title, i) => [title, Number(values[i])]))
  })
}

const idAndOwner = ({ id, uid, perms }: JsonRow): unknown => ({ id, uid, perms })

export const ipcs = defineClaims([
  ...[
    '',
    '-s',
    '-m',
    '-M',
    '-q',
    '-n 1',
    '-n 2',
    '0',
    '-s 0',
    '-m 12',
    '-M 1',
    'abc',
    '-smq',
    '1 2',
  ].map((text) => sameAsCrash(`ipcs ${text}`.trim())),
  refusedAsCrash('ipcs zz'),
  sameAsCrash((program) => `ipcs ${firstSegment(program)}`, {}, { shows: 'ipcs ADDRESS' }),
  sameAsCrash((program) => `ipcs -M ${firstSegment(program)}`, {}, { shows: 'ipcs -M ADDRESS' }),
  guestClaim('ipcs -M', ({ rows }, truth) => {
    const expected = sysvipc(truth.read('sysvipc/shm'))
    assert.ok(expected.length > 0)
    // Between the truth and the crash pages may be swapped out; none come or go. Which is which, crash says too.
    assert.deepEqual(
      rows.map((row) => [row.id, row.bytes, (row.resident + row.swapped) * 4096]),
      expected.map(({ shmid, size, rss, swap }) => [shmid, size, (rss ?? NaN) + (swap ?? NaN)]),
    )
  }),
  guestClaim('ipcs -s', ({ rows }, truth) => {
    const expected = sysvipc(truth.read('sysvipc/sem'))
    assert.deepEqual(
      rows.map((row) => [idAndOwner(row), row.nsems]),
      expected.map(({ semid, uid, nsems, perms }) => [
        { id: semid, uid, perms: Number(`0o${perms}`) },
        nsems,
      ]),
    )
  }),
  guestClaim('ipcs -q', ({ rows }, truth) => {
    const expected = sysvipc(truth.read('sysvipc/msg'))
    assert.deepEqual(
      rows.map((row) => [row.id, row.used_bytes, row.messages]),
      expected.map(({ msqid, cbytes, qnum }) => [msqid, cbytes, qnum]),
    )
  }),
])
