// Frames without which a dump says nothing: the log, the memory nodes, the per-CPU areas, and each task with its stack.
// They are few; VMCOREINFO, symbols and types locate them exactly. What is not found is written later, as other memory is.
// Sketch: a task costs 10 us, a page of a per-CPU area 1 us.
import { CorruptError, KdumpError, NotFoundError } from '../../core/base/errors.ts'
import type { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import { FrameWalk, type WalkMemory } from './frame_walk.ts'
import type { KernelFacts } from './kernel_facts.ts'
import { addTasks } from './task_frames.ts'

/** Symbols that locate them. */
export const VITAL_SYMBOLS = [
  ...['init_task', 'runqueues', 'nr_cpu_ids'],
  ...['__per_cpu_offset', '__per_cpu_start', 'pcpu_unit_size'],
]

/** Types that locate them. */
export const VITAL_TYPES = [
  'struct task_struct',
  'struct signal_struct',
  'struct mm_struct',
  'struct rq',
] as const

/** NR_CPUS of MAXSMP, and MAX_NUMNODES. */
const CPUS_MAX = 8192
const NODES_MAX = 1024
const NODE_BYTES_MAX = 2 ** 20
/** A CPU's part of the first chunk of per-CPU memory: half a megabyte, mostly. */
const UNIT_BYTES_MAX = 2 ** 26
/** The largest log (log_buf_len=2G). */
const RING_BITS_MAX = 31

/** Find the vital frames; sorted runs. Costs what the tasks cost, and never fails: it may find less. */
export function findVitalFrames(
  memory: WalkMemory,
  info: VmcoreInfo,
  facts: KernelFacts,
): readonly PfnRun[] {
  const walk = new FrameWalk(memory, info.pageSize)
  attempt(() => addLog(walk, info))
  attempt(() => addNodes(walk, info))
  const offsets = attempt(() => perCpuOffsets(walk, facts)) ?? []
  attempt(() => addPerCpuAreas(walk, facts, offsets))
  attempt(() => addAllTasks(walk, facts, offsets))
  return walk.frames()
}

/** The ring of printk since v5.10; the buffer of before lies in the image. */
function addLog(walk: FrameWalk, info: VmcoreInfo): void {
  const pointer = info.getSymbol('prb')
  const ring = walk.u64(pointer)
  const at = (member: string, path: string): bigint =>
    ring + BigInt(info.getOffset(`printk_ringbuffer.${member}`)) + BigInt(info.getOffset(path))
  const bits = (member: string, path: string): number => {
    const count = walk.u32(at(member, path))
    if (count > RING_BITS_MAX) throw new CorruptError(ring, `printk ring of 2^${count}`)
    return count
  }
  const records = 2 ** bits('desc_ring', 'prb_desc_ring.count_bits')
  walk.add(pointer, 8)
  walk.add(ring, info.size('printk_ringbuffer') ?? 8)
  const textBytes = 2 ** bits('text_data_ring', 'prb_data_ring.size_bits')
  walk.addTarget(at('desc_ring', 'prb_desc_ring.descs'), records * info.getSize('prb_desc'))
  walk.addTarget(at('desc_ring', 'prb_desc_ring.infos'), records * info.getSize('printk_info'))
  walk.addTarget(at('text_data_ring', 'prb_data_ring.data'), textBytes)
}

/** With NUMA nodes are allocated; without, the only one lies in the image. */
function addNodes(walk: FrameWalk, info: VmcoreInfo): void {
  const table = info.getSymbol('node_data')
  const size = Math.min(info.getSize('pglist_data'), NODE_BYTES_MAX)
  const count = Math.min(info.length('node_data') ?? 0, NODES_MAX)
  for (const node of walk.pointers(table, count)) walk.add(node, size)
}

/** What a CPU's copy of a per-CPU variable is away from its symbol, by CPU. */
function perCpuOffsets(walk: FrameWalk, { symbols }: KernelFacts): bigint[] {
  const table = symbols.get('__per_cpu_offset')
  const limit = symbols.get('nr_cpu_ids')
  if (table === undefined || limit === undefined) return [0n]
  const count = Math.min(walk.u32(limit), CPUS_MAX)
  return walk.pointers(table, count)
}

function addPerCpuAreas(
  walk: FrameWalk,
  { symbols }: KernelFacts,
  offsets: readonly bigint[],
): void {
  const start = symbols.get('__per_cpu_start')
  const unit = symbols.get('pcpu_unit_size')
  if (start === undefined || unit === undefined) throw new NotFoundError('symbol', 'pcpu_unit_size')
  const size = walk.u32(unit)
  if (size > UNIT_BYTES_MAX) throw new CorruptError(unit, `per-CPU unit of ${size} bytes`)
  for (const offset of offsets) walk.add(start + offset, size)
}

function addAllTasks(
  walk: FrameWalk,
  { symbols, types }: KernelFacts,
  offsets: readonly bigint[],
): void {
  const initTask = symbols.get('init_task')
  if (initTask === undefined || !types) throw new NotFoundError('symbol', 'init_task')
  const queues = symbols.get('runqueues')
  const idle = types.offset('rq.idle')
  const idleTasks =
    queues === undefined || idle === undefined
      ? []
      : offsets.map((offset) => walk.pointer(queues + offset + BigInt(idle)))
  addTasks(walk, types, initTask, idleTasks)
}

/** What cannot be found is not vital. */
function attempt<T>(find: () => T): T | undefined {
  try {
    return find()
  } catch (error) {
    if (error instanceof KdumpError) return undefined
    throw error
  }
}
