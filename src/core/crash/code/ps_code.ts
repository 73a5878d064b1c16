// `ps --code`, `task --code`, `set --code`.
import type { Session } from '../session.ts'
import { VARIABLES } from '../variables.ts'
import { commandLineCode, textCode } from './script.ts'
import { eachTask, taskLoop, taskTest, unless } from './task_loop.ts'

interface PsArgs {
  readonly values: Readonly<
    Record<
      | 'kernel'
      | 'user'
      | 'leaders'
      | 'active'
      | 'summary'
      | 'parents'
      | 'children'
      | 'groups'
      | 'times'
      | 'arguments'
      | 'limits'
      | 'lastRun'
      | 'sinceRun'
      | 'priority'
      | 'stack',
      boolean
    > & { policy: string | undefined; cpus: string | undefined }
  >
  readonly operands: readonly string[]
}

const LINE = "task.number('pid'), taskCpu(task), taskStateName(task), task.string('comm')"

/** Tasks, chosen as the options say, in the view they ask for. */
export function psCode({ values, operands }: PsArgs): string {
  const conditions = [
    ...(values.kernel ? [unless('isKthread(task)')] : []),
    ...(values.user ? [unless('!isKthread(task)')] : []),
    ...(values.leaders ? [unless("task.number('pid') === task.number('tgid')")] : []),
    ...(values.policy === undefined ? [] : [unless(policyTest(values.policy))]),
    ...(values.active ? [unless('runningCpu(program, task) !== undefined')] : []),
    ...(operands.length > 0 ? [unless(operands.map((word) => taskTest(word)).join(' || '))] : []),
  ]
  if (values.summary) {
    const count =
      'const state = taskStateName(task)\ncounts.set(state, (counts.get(state) ?? 0) + 1)'
    const loop = taskLoop(conditions, count)
    return `const counts = new Map<string, number>()\n${loop}\nconsole.log(counts)`
  }
  if (values.lastRun || values.sinceRun) {
    const run =
      "{ ran: task.bigint('sched_info.last_arrival', 'se.exec_start'), name: task.string('comm') }"
    return [
      'const runs: { ran: bigint; name: string }[] = []',
      taskLoop(conditions, `runs.push(${run})`),
      'runs.sort((a, b) => (a.ran < b.ran ? 1 : -1))',
      'for (const { ran, name } of runs) console.log(ran, name)',
    ].join('\n')
  }
  return taskLoop(conditions, viewCode(values))
}

function policyTest(text: string): string {
  const names = ['NORMAL', 'FIFO', 'RR', 'BATCH', 'ISO', 'IDLE', 'DEADLINE', 'EXT']
  const numbers = text
    .split(',')
    .map((word) => (/^\d+$/.test(word) ? Number(word) : names.indexOf(word.toUpperCase())))
  return `[${numbers.join(', ')}].includes(task.number('policy'))`
}

function viewCode(values: PsArgs['values']): string {
  if (values.parents)
    return [
      `console.log(${LINE})`,
      "for (let each = task; each.number('pid') !== 0; ) {",
      '  each = parentTask(each)',
      "  console.log('  child of', each.number('pid'), each.string('comm'))",
      '}',
    ].join('\n')
  if (values.children)
    return [
      `console.log(${LINE})`,
      "for (const child of listForEachEntry(task.get('children'), 'task_struct', 'sibling'))",
      "  console.log('  ', child.number('pid'), child.string('comm'))",
    ].join('\n')
  if (values.groups)
    return [
      "if (task.number('pid') !== task.number('tgid') || task.number('pid') === 0) continue",
      `console.log(${LINE})`,
      "for (const thread of forEachThread(task)) console.log('  ', thread.number('pid'), thread.string('comm'))",
    ].join('\n')
  if (values.times) return `console.log(${LINE}, task.bigint('utime'), task.bigint('stime'))`
  if (values.arguments)
    return [
      'const mm = taskMm(task)',
      `console.log(${LINE})`,
      "if (mm) console.log('  ', readCell(() => mmArguments(mm).join(' ')))",
      "if (mm) console.log('  ', readCell(() => mmEnvironment(mm).join(' ')))",
    ].join('\n')
  if (values.limits)
    return `for (const { name, current, maximum } of forEachRlimit(task)) console.log(task.number('pid'), name, current, maximum)`
  if (values.priority) return `console.log(${LINE}, task.number('policy'), task.number('prio'))`
  if (values.stack) return `console.log(${LINE}, formatAddress(task.pointer('thread.sp')))`
  return `console.log(${LINE}, readCell(() => taskRss(task)))`
}

interface TaskArgs {
  readonly values: { members: readonly string[]; hex: boolean; decimal: boolean }
  readonly operands: readonly string[]
}

/** A task_struct, or members of it or its thread_info. */
export function taskCommandCode({ values, operands }: TaskArgs, session: Session): string {
  const isTask = (word: string): boolean => /^(0x)?[\da-f]+$/i.test(word)
  const members = [...values.members, ...operands.filter((word) => !isTask(word))]
    .flatMap((text) => text.split(','))
    .filter((member) => member !== '')
  const { radix } = session.format(values)
  const format = (object: string): string => `formatObject(${object}, { radix: ${radix} })`
  const body =
    members.length === 0
      ? `console.log(${format('task')})`
      : members
          .map((member) => {
            const paths = [member, `thread_info.${member}`].map(textCode).join(', ')
            return `console.log('${member} =', ${format(`task.get(${paths})`)})`
          })
          .join('\n')
  return eachTask(operands.filter(isTask), body)
}

interface SetArgs {
  readonly values: { panic: boolean; variables: boolean; cpu: string | undefined }
  readonly operands: readonly string[]
}

/** The task that was chosen; settings are the session's own. */
export function setCode({ values, operands }: SetArgs): string {
  const line = `console.log(formatAddress(task.address), ${LINE})`
  if (values.variables) return commandLineCode('set', ['-v'])
  if (values.panic) return `const task = panicTask(program) ?? idleTask(program, 0)\n${line}`
  if (values.cpu !== undefined)
    return `const task = currentTask(program, ${Number(values.cpu)})\n${line}`
  const isSetting = VARIABLES.some(({ name }) => name === operands[0])
  return isSetting ? commandLineCode('set', operands) : eachTask(operands.slice(0, 1), line)
}
