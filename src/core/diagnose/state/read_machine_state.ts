// The state of the machine when it died: each part by itself, so that one that cannot be read takes no other with it.
import { KdumpError } from '../../base/errors.ts'
import type { MachineState } from '../machine_state.ts'
import type { Scene } from '../scene.ts'
import { readBlockIoState } from './block_io_state.ts'
import { readCpuStates } from './cpu_state.ts'
import { readMemoryState } from './memory_state.ts'
import { readNetworkState } from './network_state.ts'
import { readTimeline } from './timeline.ts'

/** Read all of it. Never throws for what the dump lacks. */
export function readMachineState(scene: Scene): MachineState {
  const problems: string[] = []
  const part = <T>(name: string, read: () => T): T | null => {
    try {
      return read()
    } catch (error) {
      // RangeError: a number of the dump that is too large to be one.
      if (!(error instanceof KdumpError || error instanceof RangeError)) throw error
      problems.push(`${name}: ${error.message}`)
      return null
    }
  }
  return {
    memory: scene.memory ?? part('memory', () => readMemoryState(scene)),
    cpus: part('CPUs', () => readCpuStates(scene)),
    blockIo: part('block I/O', () => readBlockIoState(scene.program)),
    network: part('network', () => readNetworkState(scene.program)),
    timeline: part('timeline', () => readTimeline(scene)),
    problems,
  }
}
