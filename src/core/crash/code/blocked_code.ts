// `blocked --code`: the groups of waits, or the chain of a task.
import { eachTask } from './task_loop.ts'

const WAIT = "task.number('pid'), seconds, on.kind, on.name"

/** The groups, or the chains of the tasks that were asked for. */
export function codeOfTasks(operands: readonly string[]): string {
  const graph = 'const graph = buildWaitGraph(program)'
  if (operands.length > 0) {
    const chain = `for (const { task: waiter, seconds, on } of waitChain(graph, task))\n  console.log(${WAIT.replace('task', 'waiter')})`
    return `${graph}\n${eachTask(operands, chain)}`
  }
  return [
    graph,
    'for (const { waits, root, cycle } of graph.groups) {',
    "  if (root) console.log(waits.length, 'wait for', root.on.name, root.state)",
    "  else console.log(waits.length, 'wait for a cycle of', cycle.length)",
    `  for (const { task, seconds, on } of waits) console.log('  ', ${WAIT})`,
    '}',
  ].join('\n')
}
