// A task's context, one value a line. Source of names and layout: crash's `set`.
import { activeTask } from './active_task.ts'
import { panicTask } from '../kernel/panic.ts'
import { forEachCpu } from '../kernel/percpu.ts'
import { forEachIdleTask, taskCpu, type Task } from '../kernel/sched.ts'
import type { Program } from '../program/program.ts'
import { record, type RecordBlock } from './command.ts'
import { taskStateText } from './task_state_text.ts'

/** Who a task is, as `set` and `kmem` show it. */
export function taskContext(program: Program, task: Task): RecordBlock {
  const comm = task.string('comm')
  const address = task.address.toString(16)
  const info = task.has('thread_info') ? task.address : task.pointer('stack')
  const isPanic = panicTask(program)?.address === task.address
  const isActive = forEachCpu(program, 'online').some(
    (cpu) => activeTask(program, cpu).address === task.address,
  )
  const mark = isPanic ? '(PANIC)' : isActive ? '(ACTIVE)' : ''
  return record('column', [
    { title: 'PID', kind: 'decimal', value: task.number('pid') },
    { title: 'COMMAND', kind: 'text', value: comm, text: `"${comm}"` },
    {
      title: 'TASK',
      kind: 'address',
      value: task.address,
      text: `${address}  ${idleMark(program, task)}[THREAD_INFO: ${info.toString(16)}]`,
    },
    { title: 'CPU', kind: 'decimal', value: taskCpu(task) },
    {
      title: 'STATE',
      kind: 'text',
      value: taskStateText(task),
      text: `${taskStateText(task)} ${mark}`,
    },
  ])
}

/** Idle tasks share PID 0. */
function idleMark(program: Program, task: Task): string {
  if (task.number('pid') !== 0) return ''
  const idle = [...forEachIdleTask(program)]
  const at = idle.findIndex(({ address }) => address === task.address)
  return at < 0 || idle.length < 2 ? '' : `(${at + 1} of ${idle.length})  `
}
