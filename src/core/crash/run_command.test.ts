// Commands of a session on a small kernel: what they yield as data, and what becomes of errors.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashSession } from '../../../test/support/crash_session.ts'
import { SMALL_KERNEL } from '../../../test/support/small_kernel.ts'
import { FaultError } from '../base/errors.ts'
import { isCellFault, type Cell } from '../base/table.ts'
import { toPlain } from '../program/plain_object.ts'
import { defineCommand, table, type Block } from './command.ts'
import { runCommand } from './run_command.ts'

const only = (blocks: Iterable<Block>): Block => {
  const all = [...blocks]
  assert.equal(all.length, 1, JSON.stringify(all.map(({ kind }) => kind)))
  return all[0] as Block
}

const message = (blocks: Iterable<Block>): string => {
  const block = only(blocks)
  return block.kind === 'problem' ? `${block.command}: ${block.message}` : `(${block.kind})`
}

const rows = (block: Block): (readonly Cell[])[] => (block.kind === 'table' ? [...block.rows] : [])

const { session, addressOf, run } = crashSession()

test('a command is found by name, by alias, and by the type a struct command shows', () => {
  assert.equal(only(run('struct list_head')).kind, 'definition')
  assert.equal(only(run('list_head')).kind, 'definition')
  assert.equal(only(run('*list_head')).kind, 'definition')
  assert.equal(only(run('task_struct.pid init_task')).kind, 'object')
  const hex = only(run('px jiffies'))
  assert(hex.kind === 'object')
  assert.equal(hex.format.radix, 16)
})

test('an alias of the session stands for its words, until it is forgotten', () => {
  const own = crashSession()
  assert.deepEqual(rows(only(own.run('alias hexed p -x'))), [['runtime', 'hexed', 'p -x']])
  const block = only(own.run('hexed jiffies'))
  assert(block.kind === 'object')
  assert.equal(block.format.radix, 16)
  assert.equal(only(own.run("alias hexed ''")).kind, 'lines')
  assert.match(message(own.run('hexed jiffies')), /^crash: command not found: hexed/)
  assert.equal(message(own.run('alias set p')), 'alias: set is a command')
  assert.equal(message(own.run('alias x nosuch')), "alias: no command 'nosuch' to alias")
})

test('an unknown command is answered in the words of crash, with the name that was meant', () => {
  assert.equal(message(run('strukt x')), 'crash: command not found: strukt (did you mean struct?)')
  assert.equal(message(run('frobnicate')), 'crash: command not found: frobnicate')
})

test('a wrong option is answered with the usage', () => {
  const block = only(run('sym -Z'))
  assert(block.kind === 'problem')
  assert.equal(block.message, "invalid option -- 'Z'")
  assert.equal(block.usage?.[0], 'Usage:')
  assert.match(block.usage?.at(-1) ?? '', /help sym/)
})

test('a missing operand is answered with the usage', () => {
  const block = only(run('rd'))
  assert(block.kind === 'problem' && block.usage)
})

const perTaskNames = (): string =>
  session.commands
    .filter(({ perTask }) => perTask !== undefined)
    .map(({ name }) => name)
    .join(', ')

/** Lines that fail, and what is said. */
const FAILURES: readonly (readonly [line: string, says: string])[] = [
  ['struct nosuch', 'struct: invalid data structure reference: nosuch'],
  [
    'struct list_head.nosuch init_task',
    'struct: invalid data structure reference: list_head.nosuch',
  ],
  ['struct list_head nosuch', 'struct: symbol not found: nosuch'],
  [
    'struct rq runqueues',
    'struct: runqueues is a percpu address: append :a, :0 or :0-2 to say whose copy',
  ],
  ['struct rq runqueues:7', 'struct: cpu 7 is not online (online: 0,1)'],
  ['struct list_head init_task 0', 'struct: invalid count: 0'],
  ['struct list_head init_task x', 'struct: not a valid number: x'],
  ['struct -f list_head 0', 'struct: not supported: -f: the dump is not read by file offset'],
  ['set 4711', 'set: invalid task or pid value: 4711'],
  ['set radix 5', 'set: invalid command: set radix 5'],
  ['set -c 4', 'set: invalid cpu number: 4 (online: 0,1)'],
  ['sym ffffffff70000000', 'sym: invalid address: ffffffff70000000'],
  ['sym -q nosuchtext', '(table)'],
  ['rd nosuch', 'rd: symbol not found: nosuch'],
  ['rd 1234', 'rd: cannot read virtual address 0x1234: no translation'],
  ['rd init_task -e 1', 'rd: invalid ending address: 1'],
  ['rd init_task -1', 'rd: invalid count: -1'],
  ['foreach nosuch set', 'foreach: unknown argument: "nosuch"'],
  ['foreach kernel', `foreach: no command: foreach runs ${perTaskNames()}`],
  ['foreach (( set', 'foreach: invalid regular expression: "(( set"'],
  [
    'p runqueues.nr_running',
    'p: runqueues is a percpu variable: append :a, :0 or :0-2 to say whose copy',
  ],
  ['p $9', 'p: no value $9'],
  ['whatis mystery', "whatis: the dump does not say the type of 'mystery'"],
  ['help nosuch', 'help: no help for "nosuch"'],
]

for (const [line, says] of FAILURES) {
  test(`'${line}' says: ${says}`, () => {
    if (says === '(table)') assert.equal([...run(line)][0]?.kind, 'table')
    else assert.equal(message(run(line)), says)
  })
}

test('objects carry their values', () => {
  const block = only(
    run('struct task_struct.pid,comm,in_execve,key,tasks ' + addressOf('worker').toString(16)),
  )
  assert(block.kind === 'object')
  assert.deepEqual(block.members, ['pid', 'comm', 'in_execve', 'key', 'tasks'])
  assert.equal(toPlain(block.object, 'pid'), 101)
  assert.equal(toPlain(block.object, 'comm'), 'worker')
  assert.deepEqual(toPlain(block.object, 'key'), [65, 0, 255, 49])
})

test('an object may be named by a list entry in it, several in a row, and before', () => {
  const entry = addressOf('app.tasks').toString(16)
  const app = only(run(`struct task_struct.comm -l task_struct.tasks ${entry}`))
  assert(app.kind === 'object')
  assert.equal(app.object.string('comm'), 'app')
  const before = [...run('struct list_head -c -3 init_task')]
  assert.deepEqual(
    before.map((block) => (block.kind === 'section' ? [...block.blocks].length : 0)),
    [1, 1, 1],
  )
})

test('percpu copies are shown with their CPU', () => {
  const blocks = [...run('rq.nr_running runqueues:a')]
  const shown = blocks.map((block) =>
    block.kind === 'object' ? [block.cpu, block.object.number('nr_running')] : [],
  )
  assert.deepEqual(shown, [
    [0, 0],
    [1, 1],
  ])
  const values = [...run('p runqueues.nr_running:0-1')]
  assert.deepEqual(
    values.map((block) => (block.kind === 'object' ? block.object.number() : -1)),
    [0, 1],
  )
})

test('sym translates both ways, with offsets', () => {
  const start = addressOf('schedule')
  // No bug table, no source.
  const unknown = [null, null, null]
  assert.deepEqual(rows(only(run('sym schedule'))), [
    [start, 'T', 'schedule', 0, '', null, ...unknown],
  ])
  assert.deepEqual(rows(only(run(`sym ${(start + 4n).toString(16)}`))), [
    [start + 4n, 'T', 'schedule', 4, '', null, ...unknown],
  ])
  assert.deepEqual(rows(only(run('sym schedule+4'))), [
    [start + 4n, 'T', 'schedule', 4, '', null, ...unknown],
  ])
  const names = rows(only(run('sym -np do_work'))).map((row) => row[2])
  assert.deepEqual(names, ['schedule', 'do_work', 'panic'])
})

test('the current task is the one that panicked until it is set', () => {
  const fresh = crashSession()
  assert.equal(fresh.session.task.string('comm'), 'worker')
  const block = only(fresh.run('set 2'))
  assert(block.kind === 'record')
  assert.equal(block.fields.find(({ title }) => title === 'COMMAND')?.value, 'kthreadd')
  assert.equal(fresh.session.task.string('comm'), 'kthreadd')
  assert.equal(only(fresh.run('set -p')).kind, 'record')
  assert.equal(fresh.session.task.string('comm'), 'worker')
})

/** COMMAND of each heading; undefined for what has none. */
function headingComms(blocks: Iterable<Block>): unknown[] {
  return Array.from(blocks, (block) => {
    const heading = block.kind === 'section' ? block.heading : undefined
    for (const each of block.kind === 'section' ? block.blocks : []) void each
    return heading?.fields.find(({ title }) => title === 'COMMAND')?.value
  })
}

test('foreach selects by name, PID, state and kind, and gives back the current task', () => {
  const comms = (line: string): unknown[] => headingComms(run(line))
  assert.deepEqual(comms('foreach set'), ['swapper/0', 'swapper/1', 'kthreadd', 'app', 'worker'])
  assert.deepEqual(comms('foreach worker 2 set'), ['kthreadd', 'worker'])
  assert.deepEqual(comms("foreach 'swap.*' set"), ['swapper/0', 'swapper/1'])
  assert.deepEqual(comms('foreach IN set'), ['kthreadd', 'app'])
  assert.deepEqual(comms('foreach user IN set'), ['app'])
  assert.deepEqual(comms('foreach gleader set'), ['app'])
  assert.deepEqual(comms('foreach active set'), ['swapper/0', 'worker'])
  assert.equal(session.task.string('comm'), 'worker')
})

test('foreach goes by PID, in whatever order two CPUs put their children into the task list', () => {
  const raced = crashSession({
    lists: { ...SMALL_KERNEL.lists, 'init_task.tasks': ['app.tasks', 'kthreadd.tasks'] },
  })
  const comms = headingComms(raced.run('foreach set'))
  assert.deepEqual(comms, ['swapper/0', 'swapper/1', 'kthreadd', 'app', 'worker'])
})

test('foreach and bt -v look around a gap in the task list, and tell of it behind the tasks', () => {
  const lost = crashSession({ excluded: ['app'] })
  const blocks = [...lost.run('foreach set')]
  const comms = headingComms(blocks.slice(0, -1))
  assert.deepEqual(comms, ['swapper/0', 'swapper/1', 'kthreadd'])
  const problem = /^(foreach|bt): task list is broken, 1 task found around the gap/
  assert.match(message(blocks.slice(-1)), problem)
  assert.match(message([...lost.run('bt -v')].slice(-1)), problem)
  assert.match(
    message(lost.run('set 4711')),
    /^set: invalid task or pid value: 4711 \(task list is broken/,
  )
})

test('a page that is missing costs its own words', () => {
  const lost = crashSession({ excluded: ['app_mm'] })
  const start = lost.addressOf('app_mm') - 8n
  const [row] = rows(only(lost.run(`rd ${start.toString(16)} 2`)))
  assert.equal(row?.[2], 0n)
  assert(isCellFault(row?.[3] ?? null))
  const whole = lost.addressOf('app_mm').toString(16)
  assert.match(
    message(lost.run(`struct mm_struct ${whole}`)),
    /^struct: cannot read virtual address .*: page excluded$/,
  )
})

test('a fault while rows are read ends the rows, and is told behind them', () => {
  const failing = defineCommand({
    name: 'failing',
    summary: 'fails at its second row',
    options: {},
    code: () => '',
    *run() {
      const columns = [{ title: 'N', kind: 'decimal' as const }]
      yield table(
        columns,
        (function* () {
          yield [1]
          throw new FaultError(0x1000n, 'virtual', 'excluded')
        })(),
      )
      yield table(columns, [[2]])
    },
  })
  const seen: unknown[] = []
  for (const block of runCommand(session, failing, [])) {
    seen.push(block.kind === 'problem' ? block.message : rows(block))
  }
  assert.deepEqual(seen, [[[1]], 'cannot read virtual address 0x1000: page excluded', [[2]]])
})

test('a bug of ours is not taken for a fault of the dump', () => {
  const broken = defineCommand({
    name: 'broken',
    summary: 'has a bug',
    options: {},
    code: () => '',
    run: (): Iterable<Block> => {
      throw new TypeError('undefined is not a function')
    },
  })
  assert.throws(() => [...runCommand(session, broken, [])], TypeError)
})

test('--code is answered for every command', () => {
  const block = only(run('sym schedule --code'))
  assert(block.kind === 'lines')
})

test('every command has what help needs, and no two share a name', () => {
  const names = session.commands.flatMap(({ name, aliases }) => [
    name,
    ...Object.keys(aliases ?? {}),
  ])
  assert.equal(new Set(names).size, names.length, names.join(' '))
  for (const command of session.commands) {
    assert.match(command.summary, /^[a-z].*[^.]$/, command.name)
    assert(command.examples && command.examples.length > 0, `${command.name} has no example`)
    const page = only(run(`help ${command.name}`))
    assert(page.kind === 'lines')
    for (const line of page.lines) assert(line.length <= 100, line)
  }
})

test('exit ends the session', () => {
  const fresh = crashSession()
  assert.deepEqual([...fresh.run('q')], [])
  assert.equal(fresh.session.finished, true)
})
