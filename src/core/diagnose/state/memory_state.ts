// Memory when the machine died: what it was used for, by whom, and what looks like a leak.
import { attempt } from '../../base/errors.ts'
import { availablePages, freePages, freeSwapPages } from '../../kernel/meminfo.ts'
import { memoryUse } from '../../kernel/memory_use.ts'
import {
  forEachNode,
  nodeZones,
  totalramPages,
  zoneFreePages,
  zoneManagedPages,
  zoneWatermarks,
  type Zone,
} from '../../kernel/mmzone.ts'
import { totalSwapPages } from '../../kernel/swap.ts'
import type { Program } from '../../program/program.ts'
import type { MemoryState, ZoneState } from '../machine_state.ts'
import type { Scene } from '../scene.ts'
import { leakSuspects } from './leak_suspects.ts'
import { topCaches } from './top_caches.ts'
import { topProcesses } from './top_processes.ts'

/**
 * Read the state of memory. Counters are read, not pages: a large machine takes no longer.
 *
 * @throws {KdumpError} if not even the total is known
 */
export function readMemoryState(scene: Scene): MemoryState {
  const { program } = scene
  const { pageSize } = program.memory
  const bytes = (pages: () => number): number => (attempt(pages) ?? 0) * pageSize
  const available = attempt(() => availablePages(program))
  const state = {
    totalBytes: totalramPages(program) * pageSize,
    freeBytes: freePages(program) * pageSize,
    availableBytes: available === undefined ? null : available * pageSize,
    swapTotalBytes: bytes(() => totalSwapPages(program)),
    swapFreeBytes: bytes(() => freeSwapPages(program)),
    shares: (attempt(() => memoryUse(program)) ?? [])
      .map(({ name, pages }) => ({ name, bytes: pages * pageSize }))
      .sort((a, b) => b.bytes - a.bytes),
    topProcesses: topProcesses(scene),
    topCaches: attempt(() => topCaches(program)) ?? [],
    zones: readZones(program),
  }
  return { ...state, suspects: leakSuspects(program, state) }
}

/** Zones that hold memory. */
function readZones(program: Program): ZoneState[] {
  const zones: ZoneState[] = []
  attempt(() => {
    for (const node of forEachNode(program)) {
      const nid = node.number('node_id')
      for (const zone of nodeZones(node))
        if (zoneManagedPages(zone) > 0) zones.push(readZone(nid, zone))
    }
  })
  return zones
}

function readZone(node: number, zone: Zone): ZoneState {
  const { min, low, high } = zoneWatermarks(zone)
  return {
    ...{ node, name: zone.string('name'), freePages: zoneFreePages(zone) },
    ...{ minPages: min, lowPages: low, highPages: high, managedPages: zoneManagedPages(zone) },
  }
}
