// Memory was short, or used in a way that is out of the ordinary, when the kernel died of something else: it may have had
// a part in it, and is worth knowing anyway.
import { formatSize } from '../../base/size.ts'
import type { MemoryState } from '../machine_state.ts'
import { memoryEaters } from '../memory_eaters.ts'
import { partOf } from '../oom_culprit.ts'
import type { Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

export const memoryPressure: Rule = {
  name: 'memory_pressure',
  summary: 'memory was nearly used up, or much of it is where it rarely is',
  needs: [],
  *find(scene) {
    const { memory } = scene
    // Where memory was the end itself, out_of_memory tells it all.
    if (!memory || scene.words.kind === 'out-of-memory') return
    if (isNearlyUsedUp(memory)) yield usedUpFinding(scene, memory)
    else if (memory.suspects.length > 0) yield suspectFinding(memory)
  },
}

/** Healthy machines have a tenth and more at hand, however much their caches hold. */
const AVAILABLE_MIN = 0.03
const SWAP_FREE_MIN = 0.05

function isNearlyUsedUp({ availableBytes, totalBytes }: MemoryState): boolean {
  return availableBytes !== null && availableBytes < totalBytes * AVAILABLE_MIN
}

function usedUpFinding(scene: Scene, memory: MemoryState): Finding {
  const eaters = memoryEaters(scene, memory).slice(0, 3)
  const [first] = eaters
  const most = first ? `, ${first.name} has ${partOf(first.bytes, memory.totalBytes)}` : ''
  const evidence: Evidence[] = [
    {
      text: `${partOf(memory.availableBytes ?? 0, memory.totalBytes)} could be had without swapping`,
      command: 'kmem -i',
    },
    ...eaters.map(({ name, bytes, command }) => ({
      text: `${name}: ${partOf(bytes, memory.totalBytes)}`,
      command,
    })),
    ...memory.suspects.map((text) => ({ text, command: 'kmem -i' })),
  ]
  if (memory.swapTotalBytes > 0 && memory.swapFreeBytes < memory.swapTotalBytes * SWAP_FREE_MIN)
    evidence.push({
      text: `swap is full: ${formatSize(memory.swapFreeBytes)} of ${formatSize(memory.swapTotalBytes)} free`,
      command: 'swap',
    })
  return { ...state(`memory was nearly used up${most}`), evidence }
}

function suspectFinding({ suspects }: MemoryState): Finding {
  return {
    ...state(`unusual use of memory: ${suspects[0] ?? ''}`),
    evidence: suspects.map((text) => ({ text, command: 'kmem -i' })),
  }
}

function state(title: string): Omit<Finding, 'evidence'> {
  return {
    kind: 'out-of-memory',
    role: 'state',
    title,
    confidence: 'possible',
    refutedBy: ['the machine is meant to be used like this'],
    culprit: null,
    next: [{ text: 'see what memory was used for', command: 'kmem -i' }],
    explains: [],
  }
}
