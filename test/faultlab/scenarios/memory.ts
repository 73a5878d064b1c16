// The heap and the stack.
import type { FaultScenario } from '../scenarios.ts'
import { sensorhub } from './sensorhub.ts'

/** These scenarios. */
export const MEMORY: readonly FaultScenario[] = [
  sensorhub('use-after-free', ['use-after-free'], ['frame_complete'], { words: ['sensor_frame'] }),
  sensorhub('timer-freed', ['use-after-free'], ['watch_report']),
  sensorhub('redzone', ['slab-corruption'], ['frame_append', 'frame_release'], {
    words: ['sensor_frame'],
  }),
  sensorhub('double-free', ['double-free'], ['profile_drop_curve', 'profile_unload']),
  sensorhub(
    'write-after-free',
    ['slab-corruption', 'use-after-free'],
    ['journal_reserve', 'journal_late_update'],
  ),
  sensorhub('stack-overflow', ['stack-overflow'], ['filter_walk']),
  sensorhub('stack-corruption', ['stack-corruption'], ['label_parse']),
]
