// dis over functions of a few bytes: which instructions, up to where, and what is refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashText } from '../../../../test/support/crash_text.ts'
import { stackKernel } from '../../../../test/support/stack_kernel.ts'

/** `work` is push, ud2, call schedule, pop, ret and padding; `schedule` is ret and int3. */
const { program } = stackKernel({
  functions: { schedule: 0x10, work: 0x20, last: 0x10 },
  code: {
    'schedule+0': 'c3',
    'work+0': '0f1f440000530f0b',
    'work+8': 'e8e3ffffff5bc3',
    'work+15': '0f1f400090909090909090909090909090',
  },
  stack: [0],
  types: `struct list_head { struct list_head *next, *prev; };
    struct bug_entry { int bug_addr_disp; int file_disp; unsigned short line; unsigned short flags; };`,
  more(kernel, place) {
    // In the image, so that displacements reach; file_disp is relative to the member.
    const table = kernel.global('__start___bug_table', 'struct bug_entry [1]')
    const text = kernel.global('file_name', 'struct bug_entry [2]')
    kernel.write(text, 24, '\0kernel/work.c')
    kernel.write(table, 4, BigInt.asUintN(32, place('work+6') - table))
    kernel.write(table + 4n, 4, BigInt.asUintN(32, text + 1n - (table + 4n)))
    kernel.write(table + 8n, 2, 42)
    kernel.write(table + 10n, 2, 1)
    kernel.symbol('__stop___bug_table', 'D', table + 12n)
    kernel.global('modules', 'struct list_head', { next: '&modules', prev: '&modules' })
  },
})

/** Lines without the address in front. */
const run = (line: string): string[] =>
  crashText(program, line).map((each) => each.replace(/^0xffffffff\w+ /, ''))

const WORK = [
  '<work>:\tnopl   0x0(%rax,%rax,1) [FTRACE NOP]',
  '<work+5>:\tpush   %rbx',
  '<work+6>:\tud2        # WARN at kernel/work.c:42',
  '<work+8>:\tcall   0xffffffff81000040 <schedule>',
  '<work+13>:\tpop    %rbx',
  '<work+14>:\tret',
]

test('a symbol is shown whole, without the padding behind it', () => {
  assert.deepEqual(run('dis work'), WORK)
})

test('an address alone is one instruction, a count so many', () => {
  assert.deepEqual(run('dis work+5'), WORK.slice(1, 2))
  assert.deepEqual(run('dis work+5 3'), WORK.slice(1, 4))
})

test('-r leads up to the address, with a count the last ones; -f goes on to the end', () => {
  assert.deepEqual(run('dis -r work+8'), WORK.slice(0, 4))
  assert.deepEqual(run('dis -r work+8 2'), WORK.slice(2, 4))
  assert.deepEqual(run('dis -f work+8'), WORK.slice(3))
  assert.deepEqual(run('dis -f work+8 1'), WORK.slice(3, 4))
})

test('-x and set radix 16 show offsets in hexadecimal', () => {
  assert.deepEqual(run('dis -x work+13'), ['<work+0xd>:\tpop    %rbx'])
})

test('-l shows the file above, and the line of the trap', () => {
  assert.deepEqual(run('dis -l work'), [
    'kernel/work.c (line unknown)',
    ...WORK.slice(0, 2),
    'kernel/work.c: 42',
    WORK[2],
    'kernel/work.c (line unknown)',
    ...WORK.slice(3),
  ])
})

test('-s names the file, and says that its text is not there', () => {
  assert.deepEqual(run('dis -s work+6'), [
    'FILE: kernel/work.c',
    'LINE: 42',
    'dis: not supported: work+6: source code is not available',
  ])
  assert.deepEqual(run('dis -s last'), ['dis: not supported: last: source line without DWARF'])
})

for (const [line, message] of [
  ['dis', 'dis: an address or a symbol is missing'],
  ['dis -rf work', 'dis: -r and -f are mutually exclusive'],
  ['dis work 0', 'dis: invalid count argument: 0'],
  ['dis work many', 'dis: not a valid number: many'],
  ['dis nosuch', 'dis: symbol not found: nosuch'],
  ['dis 0', 'dis: cannot read virtual address 0x0: no translation'],
  ['dis -b 20', 'dis: cannot skip 20 bytes behind ud2: they are instructions'],
  ['dis -b', 'encoded bytes being skipped after ud2a: 0'],
] as const) {
  test(`${line} is answered with words`, () => assert.equal(run(line)[0], message))
}

test('code that ends where memory does is shown up to there', () => {
  const shown = run('dis last 100000000')
  assert.match(shown.at(-1) ?? '', /^dis: cannot read virtual address 0x/)
  assert.ok(shown.length > 4)
})
