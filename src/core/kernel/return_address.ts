// Return addresses that tracing replaced by its own: the function graph tracer and probes of returns keep the real ones.
// Source: kernel/trace/fgraph.c ftrace_graph_ret_addr(), kernel/trace/rethook.c rethook_find_ret_addr(), kernel/kprobes.c.
import { KdumpError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { containerOf, forEachNode } from './list.ts'
import type { Task } from './sched.ts'

/** FTRACE_RETFUNC_DEPTH of old kernels is 50, SHADOW_STACK_SIZE of new ones a page. */
const DEPTH_MAX = 4096
/** @source kernel/trace/fgraph.c FGRAPH_FRAME_OFFSET_MASK */
const FRAME_OFFSET_MASK = 0x3ffn

/**
 * The address a function really returns to.
 *
 * @param getTask whose stack it is; asked only where tracing was at work
 * @param found what lies in `slot` of the stack
 * @returns `found` itself, if nobody replaced it or the real one is not kept any more
 */
export function realReturnAddress(
  program: Program,
  getTask: () => Task,
  found: bigint,
  slot: bigint,
): bigint {
  const symbol = program.symbolAt(found)
  if (!symbol || symbol.address !== found) return found
  const search = SEARCHES[symbol.name]
  if (!search) return found
  try {
    return search(getTask(), slot) ?? found
  } catch (error) {
    if (error instanceof KdumpError) return found
    throw error
  }
}

/** By what was put in place of the real address. */
const SEARCHES: Readonly<Record<string, (task: Task, slot: bigint) => bigint | undefined>> = {
  return_to_handler: fromShadowStack,
  arch_rethook_trampoline: (task, slot) =>
    fromList(task.get('rethooks.first'), 'struct rethook_node', 'frame', slot),
  // Before v5.18, commit 73f9b911faa7 ("kprobes: Use rethook for kretprobe if possible"), probes had their own.
  __kretprobe_trampoline: fromProbes,
  kretprobe_trampoline: fromProbes,
}

function fromProbes(task: Task, slot: bigint): bigint | undefined {
  return fromList(task.get('kretprobe_instances.first'), 'struct kretprobe_instance', 'fp', slot)
}

/** A list of calls under way, the last one first. */
function fromList(
  first: KObject,
  typeName: string,
  frameMember: string,
  slot: bigint,
): bigint | undefined {
  const { program } = first
  const nodes = forEachNode(
    (at) => program.memory.u64(at),
    first.pointer(),
    (at) => at === 0n,
  )
  for (const at of nodes) {
    const node = containerOf(first, at, typeName, 'llist')
    if (node.pointer(frameMember) === slot) return node.bigint('ret_addr')
  }
  return undefined
}

/** The stack of calls that the function graph tracer keeps of a task. */
function fromShadowStack(task: Task, slot: bigint): bigint | undefined {
  const stack = task.get('ret_stack')
  if (stack.isNull()) return undefined
  for (const entry of forEachTracedCall(task.program, stack, task.number('curr_ret_stack')))
    if (entry.pointer('retp') === slot) return entry.bigint('ret')
  return undefined
}

/** Calls under way, the last one first. */
function* forEachTracedCall(program: Program, stack: KObject, current: number): Generator<KObject> {
  const type = stripType(stack.type)
  const isWords = type.kind === 'pointer' && stripType(type.target).kind === 'int'
  if (!isWords) {
    for (let i = Math.min(current, DEPTH_MAX); i >= 0; i--) yield stack.at(i)
    return
  }
  // Since v6.11, commit 42675b723b48 ("function_graph: Convert ret_stack to a series of longs"), entries are of any
  // length; the word behind each says how far back it begins.
  const base = stack.pointer()
  let offset = current
  for (let i = 0; i < DEPTH_MAX && offset > 0 && offset <= DEPTH_MAX; i++) {
    const words = Number(program.memory.u64(base + BigInt((offset - 1) * 8)) & FRAME_OFFSET_MASK)
    if (words <= 0 || words > offset - 1) return
    offset -= 1 + words
    yield program.objectAt('ftrace_ret_stack', base + BigInt(offset * 8))
  }
}
