// waitq: who waits on a wait queue. Source of names and layout: crash's `waitq`.
import { UsageError } from '../../base/errors.ts'
import type { Cell, Column } from '../../base/table.ts'
import { stripType } from '../../debuginfo/type.ts'
import { waitqueueForEach } from '../../kernel/wait.ts'
import type { KObject } from '../../program/kobject.ts'
import type { Program } from '../../program/program.ts'
import { addressText, cellText } from '../cell_text.ts'
import { defineCommand, lines, table, type Block } from '../command.ts'
import { codeAddress, parseAddress, parseHex } from '../operand.ts'
import { TASK_COLUMNS, taskCells, taskLine } from '../task_line.ts'

export const waitq = defineCommand({
  name: 'waitq',
  summary: 'list tasks queued on a wait queue',
  operands: '[ symbol ] | [ struct.member struct_addr ] | [ address ]',
  operandsMin: 1,
  description:
    'The tasks that sleep on a wait queue, full or simple (as in struct completion). An entry without a task, as epoll ' +
    'and io_uring have, shows what it calls instead.',
  examples: [
    { text: 'by symbol', command: 'waitq kauditd_wait' },
    {
      text: 'within a struct',
      command: 'waitq signal_struct.wait_chldexit ffff8a9301213480',
    },
    { text: 'who waits for a completion', command: 'waitq completion.wait ffff8a9301213480' },
  ],
  options: {},
  needs: ['symbols', 'types'],
  code: ({ operands }) => codeOf(operands),
  *run({ program }, { operands }) {
    const { head, name } = findQueue(program, operands)
    yield* waiterBlocks(program, head, name)
  },
})

function codeOf([first = '', address]: readonly string[]): string {
  const show = `for (const { task, wake } of waitqueueForEach(head)) console.log(task ? task.number('pid') : program.symbolize(wake))`
  if (address === undefined)
    return `const head = program.objectAt('struct list_head', ${codeAddress(first)})\n${show}`
  const [type = '', ...member] = first.split('.')
  const holder = `program.objectAt(${JSON.stringify(`struct ${type}`)}, ${codeAddress(address)})`
  return `const head = ${holder}.get(${JSON.stringify(member.join('.'))})\n${show}`
}

interface NamedQueue {
  readonly head: KObject
  readonly name: string
}

function findQueue(program: Program, operands: readonly string[]): NamedQueue {
  const [first = '', second, ...more] = operands
  if (more.length > 0) throw new UsageError(`too many arguments: ${more.join(' ')}`)
  if (second !== undefined) return { head: memberQueue(program, first, second), name: first }
  if (parseHex(first) === undefined && /^\w+$/.test(first) && !program.findSymbol(first))
    throw new UsageError(`cannot resolve "${first}"`)
  const typed = parseHex(first) === undefined ? program.findGlobalType(first) : undefined
  const address = parseAddress(program, first)
  return {
    head: program.objectAt('struct list_head', address).cast(typed ?? 'struct list_head'),
    name: first,
  }
}

/** `struct.member` and the address of the struct, or of what a pointer in it leads to. */
function memberQueue(program: Program, reference: string, address: string): KObject {
  const [typeName = '', ...path] = reference.split('.')
  const type = program.findType(`struct ${typeName}`) ?? program.findType(`union ${typeName}`)
  if (!type || path.length === 0)
    throw new UsageError(`invalid data structure reference: ${reference}`)
  const holder = program.objectAt('struct list_head', parseAddress(program, address)).cast(type)
  if (!holder.has(path.join('.')))
    throw new UsageError(`${path.join('.')} is not a member of ${typeName}`)
  const member = holder.get(path.join('.'))
  return stripType(member.type).kind === 'pointer' ? member.deref() : member
}

function* waiterBlocks(program: Program, head: KObject, name: string): Generator<Block> {
  const waiters = waitqueueForEach(head)
  const first = waiters.next()
  if (first.done) {
    yield lines(`wait queue "${name}" (${head.address.toString(16)}) is empty`)
    return
  }
  function* rows(): Generator<Cell[]> {
    for (let next = first; !next.done; next = waiters.next()) {
      const { entry, task, wake } = next.value
      const cells = task ? taskCells(task) : [null, null, null, null]
      yield [...cells, entry, wake === 0n ? null : wake, program.symbolize(wake) ?? null]
    }
  }
  const columns: readonly Column[] = [
    ...TASK_COLUMNS,
    { title: 'ENTRY', kind: 'address' },
    { title: 'WAKE', kind: 'address' },
    { title: 'WAKE_NAME', kind: 'text' },
  ]
  yield table(columns, rows(), {
    heading: '',
    line: ([pid, task, cpu, comm, , wake, wakeName]) =>
      task === null
        ? `(no task)  FUNCTION: ${addressText(wake)}  <${cellText(wakeName)}>`
        : taskLine([pid ?? null, task ?? null, cpu ?? null, comm ?? null]),
  })
}
