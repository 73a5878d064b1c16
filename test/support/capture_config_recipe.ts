// The configuration of a capture kernel for tests that need one, whatever is in it.
import { NO_HOOKS, type CaptureConfig } from '../../src/host/capture/capture_config.ts'

/** Make one: a root file system on ext4, level 31, a reboot at the end. */
export function captureConfig(changes: Partial<CaptureConfig> = {}): CaptureConfig {
  return {
    version: 2,
    targets: [
      {
        ...{ kind: 'filesystem', fstype: 'ext4', uuid: '1-2', node: '/dev/vda' },
        ...{ options: '', directory: '/var/crash' },
      },
    ],
    hooks: NO_HOOKS,
    failureAction: 'reboot',
    finalAction: 'reboot',
    codec: 'zstd',
    dumpLevels: [31],
    pageOrder: 'priority',
    deviceTimeoutMs: 60_000,
    hookTimeoutMs: 60_000,
    stallTimeoutMs: 300_000,
    overallTimeoutMs: 900_000,
    timeZone: 'UTC',
    release: '6.1.0-test',
    ...changes,
  }
}
