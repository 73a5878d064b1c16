// C expressions over a small dumped kernel: values as a debugger would give them, errors in words that help.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { smallKernel } from '../../../test/support/small_kernel.ts'
import { evaluate } from './evaluate.ts'
import { formatExpression } from './format_object.ts'
import type { KObject } from './kobject.ts'

const { program, addressOf } = smallKernel()
const show = (text: string): string => formatExpression(evaluate(program, text), { radix: 10 })

/** Expression → what it shows. */
const VALUES: readonly (readonly [expression: string, shown: string])[] = [
  // Arithmetic of C: promotion, signs, precedence.
  ['1 + 2 * 3', '7'],
  ['(1 + 2) * 3', '9'],
  ['-5 / 2', '-2'],
  ['-5 % 3', '-2'],
  ['7 - 2 - 1', '4'],
  ['1 << 4 | 1', '17'],
  ['~0', '-1'],
  ['!5', '0'],
  ['5 > 3 && 2 > 3', '0'],
  ['1 == 1', '1'],
  ['0xffffffff', '4294967295'],
  ['0xffffffff + 1', '0'],
  ['0xffffffffffffffff', '18446744073709551615'],
  ['2147483647 + 1', '-2147483648'],
  ['2147483648', '2147483648'],
  ['-1 < 1u', '0'],
  ['010', '8'],
  ["'A' + 1", '66'],
  ['(char)321', "65 'A'"],
  ['(unsigned char)-1', String.raw`255 '\377'`],
  ['(u8)257', String.raw`1 '\001'`],
  // Types and constants.
  ['sizeof(struct list_head)', '16'],
  ['sizeof(init_task.comm)', '16'],
  ['sizeof(int) * 3', '12'],
  ['sizeof(struct list_head *)', '8'],
  ['PIDTYPE_TGID', 'PIDTYPE_TGID'],
  ['PIDTYPE_TGID + 1', '2'],
  ['(enum pid_type)1', 'PIDTYPE_TGID'],
  // Variables, members, pointers.
  ['jiffies', '4294900225'],
  ['init_task.comm', String.raw`"swapper/0\000\000\000\000\000\000"`],
  ['init_task.comm[1]', "119 'w'"],
  ['init_task.signal->live', '{\n  counter = 0\n}'],
  ['init_task.signal->live.counter', '0'],
  ['init_task.thread_info.cpu', '0'],
  ['*init_task.signal', `${show('(struct signal_struct)init_signals')}`],
  ['init_task.mm == 0', '1'],
  ['saved_command_line[0]', "113 'q'"],
  ['(long)&init_task.tasks - (long)&init_task', '40'],
  ['&((struct task_struct *)0)->tasks', '(struct list_head *) 0x28'],
  ['((struct task_struct *)&init_task)->pid', '0'],
  ['(struct list_head *)init_task.tasks.next == init_task.tasks.next', '1'],
  ['&init_task.comm[2] - init_task.comm', '2'],
  ['init_task.comm[0]@2', '"sw"'],
  ['*init_task.comm', "115 's'"],
  // What the dump has no type for.
  ['(int)mystery', '15'],
  ['*(int *)&mystery', '15'],
  ['*(int *)&mystery@4', '{15, 4, 1, 7}'],
  ['(int [4])mystery', '{15, 4, 1, 7}'],
  ['((int *)&mystery)[2]', '1'],
]

for (const [expression, shown] of VALUES) {
  test(`${expression} is ${shown.split('\n')[0]}`, () => assert.equal(show(expression), shown))
}

test('a function shows its prototype, and moves in bytes', () => {
  assert.equal(show('schedule'), '{void (void)} 0xffffffff81000040 <schedule>')
  assert.equal(show('&schedule'), '(void (*)(void)) 0xffffffff81000040 <schedule>')
  assert.equal(show('schedule + 4'), '(void (*)(void)) 0xffffffff81000044 <schedule+4>')
})

test('a pointer moves in elements of its type', () => {
  const size = program.sizeof('struct task_struct')
  assert.equal(evaluate(program, '&init_task + 1').bigint(), addressOf('init_task') + BigInt(size))
  assert.equal(show('(&init_task + 3) - &init_task'), '3')
})

test('names may be resolved by the caller first', () => {
  const options = {
    resolve: (name: string): KObject | undefined =>
      name === '$1' ? program.object('jiffies') : undefined,
  }
  assert.equal(evaluate(program, '$1 + 1', options).bigint(), 4_294_900_226n)
})

/** Expression → message of the error. */
const ERRORS: readonly (readonly [expression: string, message: RegExp])[] = [
  ['', /^expression ends too early$/],
  ['1 +', /^expression ends too early$/],
  ['(1', /^expected \) before 'the end'$/],
  ['1 2', /^invalid expression: 1 2 \(at 2\)$/],
  ['1 ` 2', /^invalid expression at: ` 2$/],
  ['nosuch', /^symbol not found: nosuch$/],
  ['init_task.nosuch', /^member not found: struct task_struct has no nosuch$/],
  ['(struct nosuch *)0', /^type not found: struct nosuch$/],
  ['mystery', /^the dump does not say the type of 'mystery': give one, as in 'p \(int\)mystery'/],
  ['mystery + 1', /^the dump does not say the type of 'mystery'/],
  ['1 / 0', /^division by zero$/],
  ['*1.5', /^invalid expression at: 1\.5$/],
  ['&5', /^what & is applied to has no address$/],
  ['init_task + 1', /^a struct is not a number$/],
  ['jiffies[0]', /^what is indexed is no array or pointer$/],
  ['5@2', /^@ needs an object in memory/],
  [`${'('.repeat(500)}1`, /^expression nests too deeply$/],
]

for (const [expression, message] of ERRORS) {
  test(`${expression.slice(0, 30) || 'an empty expression'} says what is wrong`, () => {
    assert.throws(() => evaluate(program, expression), { message })
  })
}

test('reading through NULL is a fault, not a zero', () => {
  assert.throws(() => show('*(int *)0'), { name: 'FaultError' })
  assert.throws(() => evaluate(program, 'init_task.mm->total_vm').bigint(), { name: 'FaultError' })
})
