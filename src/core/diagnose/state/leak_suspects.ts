// What of memory's use is out of the ordinary. Each limit is far above what machines that were well had: 5 % not
// accounted for, 15 % slab. A database may well have most of memory: that is no leak, and worth a line all the same.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { formatSize } from '../../base/size.ts'
import { forEachHstate } from '../../kernel/hugetlb.ts'
import { NOT_ACCOUNTED } from '../../kernel/memory_use.ts'
import { forEachCpu, perCpu } from '../../kernel/percpu.ts'
import { vmallocCallers } from '../../kernel/vmalloc.ts'
import type { Program } from '../../program/program.ts'
import type { MemoryState } from '../machine_state.ts'

/** What suspects are looked for in. */
export type MeasuredMemory = Omit<MemoryState, 'suspects'>

/** Uses that are rarely large, and what part of memory is much. */
const SHARES: Readonly<Record<string, number>> = {
  [NOT_ACCOUNTED]: 0.2,
  'slab, unreclaimable': 0.25,
  'slab, reclaimable': 0.5,
  'shared memory and tmpfs': 0.4,
  vmalloc: 0.15,
  'page tables': 0.1,
  'kernel stacks': 0.1,
  'per-CPU': 0.1,
  'swap cache': 0.3,
}
const PROCESS_SHARE = 0.5
const UNUSED_HUGE_SHARE = 0.25
const NEGATIVE_DENTRY_SHARE = 0.1
const DYING_CGROUPS_MAX = 10_000

/** Describe what looks like a leak, as sentences; [] for nothing. */
export function leakSuspects(program: Program, memory: MeasuredMemory): string[] {
  const found: string[] = []
  for (const share of largeShares(memory))
    found.push(`${part(share.bytes, memory)} ${describeShare(program, share.name, memory)}`)
  const [process] = memory.topProcesses
  if (process && process.rssBytes > memory.totalBytes * PROCESS_SHARE)
    found.push(
      `${part(process.rssBytes, memory)} is resident in PID ${process.pid} "${process.comm}"`,
    )
  for (const look of [unusedHugePages, negativeDentries, dyingCgroups]) {
    const sentence = attempt(() => look(program, memory))
    if (sentence !== undefined) found.push(sentence)
  }
  return found
}

/** Uses that are larger than they rarely are, the largest first. */
export function largeShares({ shares, totalBytes }: MeasuredMemory): MemoryState['shares'] {
  return shares.filter(({ name, bytes }) => bytes > totalBytes * (SHARES[name] ?? Infinity))
}

const part = (bytes: number, { totalBytes }: MeasuredMemory): string =>
  `${formatSize(bytes)} (${Math.round((bytes / totalBytes) * 100)} %)`

function describeShare(program: Program, name: string, memory: MeasuredMemory): string {
  if (name === NOT_ACCOUNTED) return 'is in no counter: pages that a driver took for itself'
  if (name.startsWith('slab')) return `is ${name}${largestCache(name, memory)}`
  if (name === 'vmalloc') return `is vmalloc memory${attempt(() => largestCaller(program)) ?? ''}`
  return name.endsWith('s') && name !== 'shared memory and tmpfs' ? `are ${name}` : `is ${name}`
}

function largestCache(name: string, memory: MeasuredMemory): string {
  const isReclaimable = name === 'slab, reclaimable'
  const cache = memory.topCaches.find(({ reclaimable }) => reclaimable === isReclaimable)
  const caches = memory.topCaches
    .filter(({ reclaimable }) => reclaimable === isReclaimable)
    .reduce((sum, { bytes }) => sum + bytes, 0)
  const share = memory.shares.find((candidate) => candidate.name === name)?.bytes ?? 0
  // kmalloc() of more than two pages goes past the caches, and is counted with them.
  if (!isReclaimable && memory.topCaches.length > 0 && share - caches > share / 2)
    return `, of which ${formatSize(share - caches)} outside any cache: large kmalloc() blocks`
  if (!cache) return ''
  const count = cache.objects === null ? '' : ` (${cache.objects} objects)`
  return `, of which ${formatSize(cache.bytes)} ${cache.name}${count}`
}

function largestCaller(program: Program): string {
  const [first] = vmallocCallers(program)
  if (!first) return ''
  const name = program.symbolize(first.caller) ?? formatHex(first.caller)
  const bytes = formatSize(first.pages * program.memory.pageSize)
  return `, of which ${bytes} in ${first.areas} areas by ${name}`
}

function unusedHugePages(program: Program, memory: MeasuredMemory): string | undefined {
  let bytes = 0
  for (const hstate of forEachHstate(program))
    bytes +=
      hstate.number('free_huge_pages') * 2 ** hstate.number('order') * program.memory.pageSize
  return bytes > memory.totalBytes * UNUSED_HUGE_SHARE
    ? `${part(bytes, memory)} is set aside in huge pages that nobody uses`
    : undefined
}

/** Names that were looked up and are not there, each remembered. */
function negativeDentries(program: Program, memory: MeasuredMemory): string | undefined {
  // Since v5.0, commit af0c9af1b3f6 ("fs/dcache: Track & report number of negative dentries").
  if (!program.hasSymbol('nr_dentry_negative')) return undefined
  let count = 0
  for (const cpu of forEachCpu(program, 'possible'))
    count += Number(perCpu(program, 'nr_dentry_negative', cpu, 'long').bigint())
  const bytes = count * program.sizeof('struct dentry')
  return bytes > memory.totalBytes * NEGATIVE_DENTRY_SHARE
    ? `${part(bytes, memory)} is ${count} negative dentries: names that were looked up and do not exist`
    : undefined
}

/** Control groups that were removed and still hold memory. */
function dyingCgroups(program: Program): string | undefined {
  if (!program.hasSymbol('cgrp_dfl_root')) return undefined
  const count = program
    .object('cgrp_dfl_root', 'struct cgroup_root')
    .number('cgrp.nr_dying_descendants')
  return count > DYING_CGROUPS_MAX
    ? `${count} control groups were removed and not freed: something still refers to them`
    : undefined
}
