// Pointers that are not what they should be.
import type { FaultScenario } from '../scenarios.ts'
import { sensorhub } from './sensorhub.ts'

/** These scenarios. */
export const POINTERS: readonly FaultScenario[] = [
  sensorhub('null-argument', ['null-dereference'], ['channel_apply_config'], {
    words: ['channel_config', 'sample_rate', 'config'],
  }),
  sensorhub('null-member', ['null-dereference'], ['channel_window'], {
    words: ['channel_config', 'window'],
  }),
  sensorhub('null-call', ['null-call', 'null-dereference'], ['channel_calibrate'], {
    words: ['calibrate'],
  }),
  sensorhub('error-pointer', ['error-pointer'], ['channel_enable'], { words: ['ENODEV'] }),
  sensorhub(
    'ascii-pointer',
    ['memory-corruption', 'general-protection'],
    ['channel_peer_readings'],
    {
      words: ['ure-rear'],
    },
  ),
  sensorhub('bit-flip', ['bit-flip'], ['channel_follow_peer']),
  sensorhub('write-protected', ['write-protected'], ['channel_tune_gain'], {
    words: ['gain_table'],
  }),
  sensorhub('no-execute', ['no-execute'], ['hub_run_firmware']),
  sensorhub('user-access', ['user-access'], ['channel_copy_label']),
  sensorhub('vfreed', ['bad-address', 'use-after-free'], ['event_log_append']),
  sensorhub('hrtimer', ['null-dereference'], ['target_beat'], { words: ['pacer_tick'] }),
  sensorhub('timer', ['null-dereference'], ['watch_expired']),
  sensorhub('worker', ['null-dereference'], ['uplink_send'], { words: ['uplink_work'] }),
]
