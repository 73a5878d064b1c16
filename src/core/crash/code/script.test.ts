// `--code`: scripts import what they use, and begin with the task the session is at.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashSession } from '../../../../test/support/crash_session.ts'
import { scriptOf } from './script.ts'

const { session, run, addressOf } = crashSession()

function code(line: string, from = run): string {
  const [block] = [...from(`${line} --code`)]
  assert(block?.kind === 'lines')
  return [...block.lines].join('\n')
}

test('what a body uses is imported: not what it declares, quotes or reads as a member', () => {
  const script = scriptOf(
    session,
    "const findTask = 1\nconsole.log('forEachTask', x.dPath, { utsname: 2 }, [...forEachCpu(program)], findTask)",
  )
  assert.equal(script.split('\n')[0], "import { forEachCpu, open } from 'kbox'")
})

test('the current task is there where it is used, by address once another was set', () => {
  const own = crashSession()
  assert.doesNotMatch(code('sys'), /const task/)
  assert.match(code('files'), /^const task = panicTask\(program\) \?\? idleTask\(program, 0\)$/m)
  assert.deepEqual([...own.run('set 2')].length, 1)
  assert.ok(
    code('files', own.run).includes(
      `const task = program.objectAt('task_struct', 0x${own.addressOf('kthreadd').toString(16)}n)`,
    ),
  )
})

test('tasks, addresses and options of the line are in the script', () => {
  assert.match(code('files 1 2'), /findTask\(program, 1\),\n {2}findTask\(program, 2\),/)
  assert.match(code(`files ${addressOf('app').toString(16)}`), /objectAt\('task_struct', 0xf/)
  assert.match(code('rd -16 init_task+8 4'), /findSymbol\('init_task'\)!\.address \+ 8n/)
  assert.match(code('struct task_struct.pid init_task'), /object\.get\('pid'\)/)
  assert.match(code('px jiffies'), /radix: 16/)
  assert.match(code('foreach user UN bt'), /!isKthread\(task\)[^]*taskStateName\(task\) === 'UN'/)
})

test('a command inside foreach has its own code in one loop', () => {
  assert.equal(code('foreach ps').match(/for \(const task of/g)?.length, 1)
})

test('an operand that names nothing is a problem, no script', () => {
  const [block] = [...run('struct nosuch --code')]
  assert(block?.kind === 'problem')
  assert.equal(block.message, 'invalid data structure reference: nosuch')
})

test('an operand that names no task is refused, not made into code', () => {
  for (const line of ['bt zz', 'sig zz', 'vtop -c zz 1000']) {
    const [block] = [...run(`${line} --code`)]
    assert(block?.kind === 'problem')
    assert.equal(block.message, 'invalid task or pid value: zz')
  }
})

test('a task named by its address is meant in code as well', () => {
  const address = addressOf('app').toString(16)
  assert.ok(code(`sig ${address}`).includes(`program.objectAt('task_struct', 0x${address}n)`))
})
