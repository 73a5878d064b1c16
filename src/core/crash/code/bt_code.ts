// `bt --code`: whose stack, and what of it.
import { parseCpuList } from '../cpu_list.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import { codeAddress } from '../operand.ts'
import type { Session } from '../session.ts'
import { indentCode, textCode } from './script.ts'
import { eachTask, taskLoop, unless } from './task_loop.ts'

interface BtArgs {
  readonly values: {
    readonly all: boolean
    readonly cpus: string | undefined
    readonly panic: boolean
    readonly skip: string | undefined
    readonly group: boolean
    readonly frames: boolean
    readonly annotated: number
    readonly offsets: boolean
    readonly text: boolean
    readonly allText: boolean
    readonly raw: boolean
    readonly exceptions: boolean
    readonly overflow: boolean
    readonly reference: string | undefined
    readonly ip: string | undefined
    readonly sp: string | undefined
  }
  readonly operands: readonly string[]
}

const HEADING = "console.log('PID:', task.number('pid'), task.string('comm'))"

/** The stacks of the tasks or CPUs that were asked for. */
export function btCode({ values, operands }: BtArgs, session: Session): string {
  if (values.overflow) {
    // The dead have given their stacks back.
    const stack = unless('program.memory.isReadable(kernelStack(task).start)')
    const mark = unless('program.memory.u32(kernelStack(task).start) !== 0x57ac6e9d')
    const loop = taskLoop([stack, mark], "console.log('stack overflow:', task.number('pid'))")
    return `${loop}\nconsole.log('stacks are checked')`
  }
  if (values.ip !== undefined || values.sp !== undefined) return givenCode(values)
  if (values.all || values.cpus !== undefined) return cpuCode(values, session)
  const body = traceCode(values, 'stackTrace(program, task)')
  if (values.group)
    return `const leader = task.get('group_leader').deref()\nfor (const thread of forEachThread(leader)) {\n${indentCode(body.replace(/\btask\b/g, 'thread'))}\n}`
  return eachTask(values.panic ? [] : operands, body)
}

function cpuCode(values: BtArgs['values'], { program }: Session): string {
  const cpus =
    values.cpus === undefined
      ? "forEachCpu(program, 'online')"
      : `[${parseCpuList(values.cpus, forEachCpu(program, 'online')).join(', ')}]`
  const skip =
    values.skip === 'idle'
      ? '\n  if (task.address === idleTask(program, cpu).address) continue'
      : ''
  const body = indentCode(traceCode(values, 'cpuTrace(program, cpu)'))
  return `for (const cpu of ${cpus}) {\n  const task = currentTask(program, cpu)${skip}\n${body}\n}`
}

function givenCode({ ip, sp }: BtArgs['values']): string {
  const stack = sp === undefined ? "task.pointer('thread.sp')" : codeAddress(sp)
  const start =
    ip === undefined
      ? '{ ip: program.memory.u64(sp), sp: sp + 8n, fp: program.memory.u64(sp - 8n), slot: sp }'
      : `{ ip: ${codeAddress(ip)}, sp, fp: 0n }`
  return `const sp = ${stack}\nconst trace = unwindStack(program, ${start})\n${frameLoop(false)}`
}

function traceCode(values: BtArgs['values'], trace: string): string {
  const stack = `const { start, end } = kernelStack(task)\nfor (let at = start; at < end; at += 8n) {`
  const word = '  const word = readCell(() => program.memory.u64(at))'
  if (values.raw) {
    const print =
      "  console.log(formatAddress(at), typeof word === 'bigint' ? formatAddress(word) : word)"
    return [HEADING, stack, word, print, '}'].join('\n')
  }
  if (values.text || values.allText)
    return [
      HEADING,
      stack,
      word,
      "  const symbol = typeof word === 'bigint' ? program.symbolAt(word) : undefined",
      '  if (symbol && /^t$/i.test(symbol.type)) console.log(formatAddress(at), symbol.name)',
      '}',
    ].join('\n')
  const lines = [HEADING, `const trace = ${trace}`]
  if (values.reference !== undefined) {
    const name = textCode(values.reference)
    const passes = `(frame) => frameSymbol(program, frame)?.symbol.name === ${name}`
    // The heading only of what is shown.
    const shown = [HEADING, frameLoop(values.offsets)].join('\n')
    return `const trace = ${trace}\nif (trace.frames.some(${passes})) {\n${indentCode(shown)}\n}`
  }
  lines.push(values.frames || values.annotated > 0 ? wordLoop() : frameLoop(values.offsets))
  if (values.exceptions)
    lines.push('for (const { registers } of trace.frames) if (registers) console.log(registers)')
  lines.push('if (trace.userRegisters) console.log(trace.userRegisters)')
  return lines.join('\n')
}

function frameLoop(offsets: boolean): string {
  const name = offsets
    ? "found ? found.symbol.name + '+' + found.offset : '(unknown)'"
    : "found?.symbol.name ?? '(unknown)'"
  return [
    'for (const frame of trace.frames) {',
    '  const found = frameSymbol(program, frame)',
    `  console.log(formatAddress(frame.sp), ${name}, formatAddress(frame.ip))`,
    '}',
  ].join('\n')
}

function wordLoop(): string {
  return [
    'for (const [i, frame] of trace.frames.entries()) {',
    "  console.log(formatAddress(frame.sp), frameSymbol(program, frame)?.symbol.name ?? '(unknown)')",
    '  const end = trace.frames[i + 1]?.sp ?? frame.sp',
    '  // Across a switch of stacks there is nothing in between.',
    '  for (let at = frame.sp; at <= end && end - frame.sp < 0x8000n; at += 8n)',
    "    console.log('   ', formatAddress(at), program.symbolize(program.memory.u64(at)) ?? formatAddress(program.memory.u64(at)))",
    '}',
  ].join('\n')
}
