// A TargetHost that is this machine: its clock, and a list of what was said and done.
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from '../../src/host/platform/clock.ts'
import type { TargetHost } from '../../src/host/target/target.ts'

/** This machine, as a target sees it. */
export interface LiveHost extends TargetHost {
  readonly said: string[]
  readonly beats: string[]
  readonly steps: string[]
}

/** Make one; nothing can be mounted. */
export function liveHost(): LiveHost {
  const no = (): never => {
    throw new Error('nothing is mounted here')
  }
  const [said, beats, steps]: string[][] = [[], [], []]
  return {
    said: said as string[],
    beats: beats as string[],
    steps: steps as string[],
    mountpoint: '/nowhere',
    now: monotonicMs,
    sleep: (milliseconds) => sleep(milliseconds),
    say: (text) => said?.push(text),
    heartbeat: (text) => beats?.push(text),
    async step(name, work) {
      steps?.push(name)
      return work()
    },
    findDevice: no,
    findDisk: no,
    mount: no,
    unmount: no,
    sync: no,
  }
}
