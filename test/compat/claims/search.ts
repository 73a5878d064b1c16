// search: crash's own finds, line by line, in ranges that it reads rightly: what begins in the kernel image it lists twice,
// and it takes the unmapped megabytes below a moved image for memory.
import assert from 'node:assert/strict'
import { readUserMemory, taskMm } from '../../../src/core/kernel/mm.ts'
import { panicTask } from '../../../src/core/kernel/panic.ts'
import { kernelStack } from '../../../src/core/kernel/stack_bounds.ts'
import type { Program } from '../../../src/core/program/program.ts'
import { getTask } from './task_address.ts'
import { crashClaim, defineClaims, drgnClaim, sameAsCrash, type Claim } from './claim.ts'
import { presentPage } from './user_truth.ts'

const task = (program: Program): bigint => getTask(program, 1).address
const active = (program: Program): bigint => {
  const found = panicTask(program)
  assert.ok(found)
  // Its user stack pointer is at the base of its kernel stack.
  return program.memory.u64(kernelStack(found).end - 16n)
}
const panicPid = (program: Program): number => panicTask(program)?.number('pid') ?? 0

/** The first word that is not 0 in the first page of the panic task's own memory. */
function firstWord(program: Program): bigint {
  const mm = taskMm(getTask(program, panicPid(program)))
  assert.ok(mm)
  const page = readUserMemory(mm, presentPage(program, panicPid(program)), 4096)
  return new BigUint64Array(page.buffer).find((word) => word !== 0n) ?? 0n
}

/** The page of PID 1's task_struct and the next ones, in the direct map. */
const PAGES = '-s TASK -l 8192'

/**
 * TASK stands for PID 1's task_struct, NEXT for an address some pages behind it, ACTIVE for a value of the panic task's stack,
 * PAGE for the first page of its own memory and WORD for a word there: of all of it crash takes minutes. */
const same = (line: string): Claim =>
  sameAsCrash(
    (program) =>
      line
        .replaceAll('TASK', task(program).toString(16))
        .replaceAll('NEXT', (task(program) + 0x8000n).toString(16))
        .replaceAll('PAGE', presentPage(program, panicPid(program)).toString(16))
        .replaceAll('WORD', firstWord(program).toString(16))
        .replaceAll('ACTIVE', active(program).toString(16)),
    {},
    { shows: line },
  )

const addressOf = (line: string): bigint => BigInt(`0x${line.split(':')[0]}`)

/** Lines of addresses that the image's tables map and its symbols name. */
const mapped = (program: Program, lines: readonly string[]): string[] =>
  lines.filter((line) => {
    const at = addressOf(line)
    const inWindow = at >= 0xffff_ffff_8000_0000n && at < 0xffff_ffff_c000_0000n
    return !inWindow || (at >= program.symbol('_text') && at < program.symbol('_end'))
  })

export const search = defineClaims([
  ...[
    `search ${PAGES} init_task`,
    `search ${PAGES} init_task (init_task+8) -x 2`,
    `search -k ${PAGES} TASK`,
    `search -K ${PAGES} TASK`,
    `search ${PAGES} -w ffffffff`,
    `search ${PAGES} -h ffff -x 3`,
    `search ${PAGES} -m ffffff ffffffff8c000000 TASK`,
    `search ${PAGES} -w -m fffffff0 3`,
    `search ${PAGES} -c init`,
    'search -s TASK -e NEXT -c init',
    'search -u -s PAGE -l 4096 WORD',
    'search -p -s 100000 -l 4096 0',
    'search -t init_task',
    'search -t TASK -x 1',
    'search -T ACTIVE',
  ].map(same),
  ...['search init_task', 'search -V init_task', 'search -K init_task'].map((line) =>
    crashClaim(line, ({ lines, program }, theirs) => {
      assert.ok(theirs.length > 10)
      assert.deepEqual(mapped(program, lines), mapped(program, theirs))
    }),
  ),
  // crash cuts a text where its page ends.
  crashClaim('search -p -c "Linux version 6"', ({ lines }, theirs) => {
    assert.equal(lines.length, theirs.length)
    lines.forEach((line, i) => assert.ok(line.startsWith(theirs[i] ?? '?')))
  }),
  drgnClaim(
    (program) => `search -s ${task(program).toString(16)} -l 16384 init_task`,
    `
start = find_task(prog, 1).value_()
want = prog["init_task"].address_of_().value_()
result = [hex(a) for a in range(start, start + 16384, 8) if prog.read_u64(a) == want]`,
    ({ rows }, addresses) =>
      assert.deepEqual(
        rows.map(({ address }) => address),
        addresses,
      ),
    { shows: 'search -s TASK -l 16384 init_task' },
  ),
])
