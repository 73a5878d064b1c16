// Text of commands on the small kernel, as golden files: test/golden/small_kernel.<what>.txt. Update with
// --test-update-snapshots and read the diff as code: layouts are those of crash 8.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashSession } from '../../../test/support/crash_session.ts'
import { formatCell, renderText } from './render_text.ts'

/** Golden file → lines of one session. */
const SESSIONS: Readonly<Record<string, readonly string[]>> = {
  struct: [
    'struct list_head',
    'struct task_struct -o',
    'struct -x task_struct.pid,comm',
    'struct list_head -o init_task',
    'union nosuch',
    'pid_t',
    'atomic_t',
    'enum pid_type',
    'struct task_struct.pid,comm,in_execve,key,function,mm,mm.total_vm,thread_info.cpu init_task',
    'struct task_struct.signal,mm,function,group_leader,comm -p init_task',
    'struct -x task_struct init_task',
    'struct list_head init_task.tasks 2',
    'struct -r list_head init_task',
    'rq.nr_running,curr runqueues:a',
    'whatis do_work',
    'whatis init_task',
  ],
  p: [
    'p jiffies',
    'px jiffies',
    'p init_task.comm',
    'p &init_task',
    'p saved_command_line',
    'p runqueues',
    'p runqueues:a',
    'p schedule',
    'p $1 + 1',
    'p *init_task.signal',
    'p (int [4])mystery',
  ],
  rd: [
    'rd mystery 4',
    'rd -32 mystery 5',
    'rd -16 mystery 3',
    'rd -8 init_task.comm 16',
    'rd -d mystery',
    'rd -D -8 mystery 3',
    'rd -x mystery 3',
    'rd -s runqueues:1',
    'rd -s (&init_task.signal) 2',
    'rd -a init_task.comm',
    'rd -N -32 mystery 2',
    'rd -R mystery 3',
    'rd -p 4000000 1',
  ],
  sym: ['sym schedule', 'sym schedule+4 jiffies', 'sym -np do_work', 'sym -q panic', 'sym nosuch'],
  task: [
    'set',
    'set 2',
    'set radix 16',
    'task -R pid,__state 100',
    'task -d pid 2 101',
    'foreach IN task -R comm',
    'foreach user set',
    'set -v',
    'alias',
  ],
}

for (const [name, lines] of Object.entries(SESSIONS)) {
  test(`the text of ${name} is that of crash`, (t) => {
    const { run } = crashSession()
    const text = lines.flatMap((line) => [`crash> ${line}`, ...renderText(run(line))])
    t.assert.fileSnapshot(text.join('\n'), `test/golden/small_kernel.${name}.txt`, {
      serializers: [(value: string) => value],
    })
  })
}

test('a table without layout is aligned under its titles', () => {
  const columns = [
    { title: 'NAME', kind: 'text' as const },
    { title: 'COUNT', kind: 'decimal' as const },
    { title: 'ADDRESS', kind: 'address' as const },
  ]
  const rows = [
    ['a', 1, 0xffff_8880_0000_0000n],
    ['longer', 1234567, null],
    ['lost', { fault: 'excluded' as const, message: '' }, 1n],
  ]
  assert.deepEqual(
    [...renderText([{ kind: 'table', columns, rows }])],
    [
      'NAME         COUNT  ADDRESS',
      'a                1  ffff888000000000',
      'longer     1234567  -',
      'lost    (excluded)  1',
    ],
  )
})

test('sections are set apart by empty lines, not begun or ended by them', () => {
  const line = (text: string) => ({ kind: 'lines' as const, lines: [text] })
  const section = (text: string) => ({
    kind: 'section' as const,
    heading: undefined,
    blocks: [line(text)],
  })
  assert.deepEqual([...renderText([section('a'), section('b')])], ['a', '', 'b'])
})

test('cells show faults in parentheses, addresses bare, hex with 0x', () => {
  assert.equal(formatCell({ fault: 'corrupt', message: '' }, 'decimal'), '(corrupt)')
  assert.equal(formatCell(255n, 'address'), 'ff')
  assert.equal(formatCell(255, 'hex'), '0xff')
  assert.equal(formatCell(-1n, 'address'), 'ffffffffffffffff')
  assert.equal(formatCell(true, 'text'), 'yes')
})

test('rows are read as lines are taken', () => {
  let read = 0
  const rows = (function* () {
    for (;;) yield [++read]
  })()
  const layout = { heading: '', line: ([n]: readonly unknown[]) => String(n) }
  const lines = renderText([
    { kind: 'table', columns: [{ title: 'N', kind: 'decimal' }], rows, layout },
  ])
  assert.equal(lines.next().value, '1')
  assert.equal(lines.next().value, '2')
  assert.equal(read, 2)
})
