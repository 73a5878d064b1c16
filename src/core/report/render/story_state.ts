// The machine's state as sections.
import { formatSize } from '../../base/size.ts'
import type {
  BlockIoState,
  CpuState,
  MachineState,
  MemoryState,
  NetworkState,
  TimelineEvent,
} from '../../diagnose/machine_state.ts'
import { counted, formatSpan } from './lines.ts'
import {
  itemsBlock,
  plainItem,
  tableBlock,
  textBlock,
  type Section,
  type SectionBlock,
} from './section.ts'

const SHARES_MAX = 10
const TOP_MAX = 8
const REQUESTS_MAX = 10
const EVENTS_MAX = 40
const CPUS_MAX = 32

/** Tell the state; nothing of what is not known. */
export function stateSections(state: MachineState | null): Section[] {
  if (!state) return []
  const { memory, cpus, blockIo, network, timeline } = state
  return [
    ...section('Turning points', timeline && timelineBlocks(timeline)),
    ...section('CPUs', cpus && [cpuTable(cpus)]),
    ...section('Memory', memory && memoryBlocks(memory)),
    ...section('Block I/O in flight', blockIo && ioBlocks(blockIo)),
    ...section('Network', network && [networkTable(network)]),
  ]
}

function section(title: string, blocks: readonly SectionBlock[] | null): Section[] {
  return blocks && blocks.length > 0 ? [{ title, blocks }] : []
}

function timelineBlocks(timeline: readonly TimelineEvent[]): SectionBlock[] {
  if (timeline.length === 0) return []
  const rows = timeline
    .slice(-EVENTS_MAX)
    .map(({ seconds, kind, text }) => [seconds.toFixed(6), kind, text])
  return [tableBlock(['seconds', 'kind', 'what'], rows)]
}

function cpuTable(cpus: readonly CpuState[]): SectionBlock {
  const rows = cpus
    .slice(0, CPUS_MAX)
    .map(({ cpu, mode, comm, pid, function: name, runSeconds, queued, missedNmi }) => [
      cpu,
      missedNmi ? `${mode}, missed the NMI` : mode,
      `${comm} (${pid})`,
      name,
      runSeconds === null ? null : formatSpan(runSeconds),
      queued,
    ])
  return tableBlock(['CPU', 'mode', 'task', 'function', 'for', 'queued'], rows)
}

function memoryBlocks(memory: MemoryState): SectionBlock[] {
  const { totalBytes, freeBytes, availableBytes, swapTotalBytes, swapFreeBytes } = memory
  const available = availableBytes === null ? '' : `, ${formatSize(availableBytes)} available`
  const swap =
    swapTotalBytes === 0
      ? 'no swap'
      : `${formatSize(swapTotalBytes - swapFreeBytes)} of ${formatSize(swapTotalBytes)} swap used`
  return [
    textBlock(`${formatSize(totalBytes)}, ${formatSize(freeBytes)} free${available}; ${swap}`),
    ...(memory.suspects.length === 0
      ? []
      : [itemsBlock('Suspects', memory.suspects.map(plainItem))]),
    tableBlock(
      ['used for', 'size', '%'],
      memory.shares
        .slice(0, SHARES_MAX)
        .map(({ name, bytes }) => [name, formatSize(bytes), percent(bytes, totalBytes)]),
    ),
    tableBlock(
      ['process', 'PID', 'resident', 'swapped'],
      memory.topProcesses
        .slice(0, TOP_MAX)
        .map(({ comm, pid, rssBytes, swapBytes }) => [
          comm,
          pid,
          formatSize(rssBytes),
          formatSize(swapBytes),
        ]),
    ),
    tableBlock(
      ['slab cache', 'size', 'objects'],
      memory.topCaches
        .slice(0, TOP_MAX)
        .map(({ name, bytes, objects }) => [name, formatSize(bytes), objects]),
    ),
  ]
}

/** A share of a whole, `12.3`. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? '' : ((part / whole) * 100).toFixed(1)
}

function ioBlocks({ inFlight, requests }: BlockIoState): SectionBlock[] {
  if (inFlight === 0) return [textBlock('none')]
  const rows = requests
    .slice(0, REQUESTS_MAX)
    .map(({ disk, operation, sector, bytes, ageSeconds, state, address }) => [
      disk,
      operation,
      sector,
      bytes === null ? null : formatSize(bytes),
      ageSeconds === null ? null : formatSpan(ageSeconds),
      state,
      address,
    ])
  return [
    textBlock(counted(inFlight, 'request')),
    tableBlock(['disk', 'operation', 'sector', 'size', 'age', 'state', 'request'], rows),
  ]
}

function networkTable({ devices }: NetworkState): SectionBlock {
  const rows = devices.map(({ name, up, carrier, stuckSeconds, addresses }) => [
    name,
    `${up ? 'up' : 'down'}${carrier === false ? ', no carrier' : ''}`,
    stuckSeconds === null ? null : `queue stopped for ${formatSpan(stuckSeconds)}`,
    addresses.join(' '),
  ])
  return tableBlock(['device', 'state', 'trouble', 'addresses'], rows)
}
