// What the kernel counts of memory: per zone, per node, and events. Source: include/linux/vmstat.h, mm/vmstat.c.
//
// Each CPU keeps small differences of its own, which it adds now and then: /proc shows the sums without them, and so do we.
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { nodeZones, forEachNode, type Zone } from './mmzone.ts'
import { forEachCpu, perCpu, perCpuPtr } from './percpu.ts'

/** A counter by the kernel's name. */
export interface Counter {
  /** `NR_FREE_PAGES`. */
  readonly name: string
  readonly value: number
}

/** Counters of all zones together, in pages but for NR_KERNEL_STACK_KB. @source include/linux/vmstat.h global_zone_page_state() */
export function vmZoneStat(program: Program): Counter[] {
  return readCounters(program.object('vm_zone_stat'), 'enum zone_stat_item')
}

/** Counters of all nodes together. @source include/linux/vmstat.h global_node_page_state_pages() */
export function vmNodeStat(program: Program): Counter[] {
  return readCounters(program.object('vm_node_stat'), 'enum node_stat_item')
}

/** Counters of one zone. @source include/linux/vmstat.h zone_page_state() */
export function zoneStat(zone: Zone): Counter[] {
  return readCounters(zone.get('vm_stat'), 'enum zone_stat_item')
}

/** Where allocations were served from; empty without CONFIG_NUMA. @source mm/vmstat.c fold_vm_numa_events() */
export function vmNumaEvents(program: Program): Counter[] {
  // Since v5.14, commit f19298b9516c ("mm/vmstat: convert NUMA statistics to basic NUMA counters"), they are events.
  if (!program.hasSymbol('vm_numa_event')) {
    if (!program.hasSymbol('vm_numa_stat')) return []
    return readCounters(program.object('vm_numa_stat', 'atomic_long_t [0]'), 'enum numa_stat_item')
  }
  const counters = readCounters(program.object('vm_numa_event'), 'enum numa_stat_item')
  const pending = counters.map(() => 0)
  for (const stat of forEachZoneStat(program)) {
    const events = stat.find('vm_numa_event')
    if (events)
      for (const i of pending.keys()) pending[i] = (pending[i] ?? 0) + events.at(i).number()
  }
  return counters.map(({ name, value }, i) => ({ name, value: value + (pending[i] ?? 0) }))
}

/** Events since boot: pages in and out, faults, scans. @source mm/vmstat.c all_vm_events() */
export function vmEvents(program: Program): Counter[] {
  const names = enumNames(program, 'enum vm_event_item')
  const totals = names.map(() => 0)
  // What a CPU counted before it went offline was given to another.
  for (const cpu of forEachCpu(program, 'online')) {
    const events = perCpu(program, 'vm_event_states', cpu, 'struct vm_event_state').get('event')
    for (const [i, { value }] of names.entries())
      totals[i] = (totals[i] ?? 0) + events.at(value).number()
  }
  return names.map(({ name }, i) => ({ name, value: totals[i] ?? 0 }))
}

/** One counter of several by its name; 0 if this kernel has none of that name. */
export function counterValue(counters: readonly Counter[], ...names: readonly string[]): number {
  return counters.find(({ name }) => names.includes(name))?.value ?? 0
}

function* forEachZoneStat(program: Program): Generator<KObject> {
  for (const node of forEachNode(program)) {
    for (const zone of nodeZones(node)) {
      const pointer = zone.find('per_cpu_zonestats')
      if (!pointer || pointer.isNull() || zone.number('present_pages') === 0) continue
      for (const cpu of forEachCpu(program, 'online')) yield perCpuPtr(pointer, cpu)
    }
  }
}

/** @param array of atomic_long_t, as long as the enum says */
function readCounters(array: KObject, enumName: string): Counter[] {
  return enumNames(array.program, enumName).map(({ name, value }) => ({
    name,
    value: array.at(value).number('counter'),
  }))
}

/** An enum's names but for its end; of several with one value the last, which is no mere base of others. */
function enumNames(program: Program, enumName: string): { name: string; value: number }[] {
  const type = stripType(program.type(enumName))
  if (type.kind !== 'enum') return []
  const names = new Map<number, string>()
  for (const { name, value } of type.values)
    if (!/^NR_VM_\w+_ITEMS$/.test(name)) names.set(Number(value), name)
  return Array.from(names, ([value, name]) => ({ name, value }))
}
