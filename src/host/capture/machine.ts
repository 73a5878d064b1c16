// What the recorder asks of the machine it runs on. Tests hand in a folder and a clock instead.
import type { CaptureTarget, FinalAction } from './capture_config.ts'

/** The machine as the recorder sees it. */
export interface CaptureMachine {
  /** Path of the old kernel's memory, /proc/vmcore. */
  readonly vmcore: string
  /** Folder on which the target is mounted. */
  readonly mountpoint: string
  /** Milliseconds of a clock that never jumps. */
  now(): number
  /** Wall clock, for names. */
  date(): Date
  /** Write a line to the console. */
  say(text: string): void
  sleep(milliseconds: number): Promise<void>
  /** Find the target's device node, undefined while it is not there. */
  findDevice(target: CaptureTarget): string | undefined
  mount(node: string, target: CaptureTarget): void
  unmount(): void
  sync(): void
  /** MemAvailable in bytes. */
  memAvailable(): number
  /** The capture kernel's own log. */
  kernelLog(): string
  /** Show the guard in /init that work goes on; 'shell' tells it that a person is at the console. */
  heartbeat(text: string): void
  /** Give the console to a person, until they leave. */
  shell(): Promise<void>
  /** Leave the machine. On a real machine it does not return. */
  leave(action: FinalAction): void
}
