// What the recorder asks of the machine it runs on. Tests hand in a folder and a clock instead.
import type { NetworkPlan } from '../target/network/network_plan.ts'
import type { TargetHost } from '../target/target.ts'
import type { FinalAction } from './capture_config.ts'
import type { ProgramEnd } from './hooks.ts'

/** The machine as the recorder sees it. */
export interface CaptureMachine extends Omit<TargetHost, 'step'> {
  /** Path of the old kernel's memory, /proc/vmcore. */
  readonly vmcore: string
  /** Wall clock, for names. */
  date(): Date
  /** MemAvailable in bytes. */
  memAvailable(): number
  /** The capture kernel's own log. */
  kernelLog(): string
  /** Tell whoever would try again after us that what could be saved is saved. */
  setRecorded(): void
  /** Run a program to its end; at its deadline it is killed with all it started. */
  runProgram(file: string, args: readonly string[], timeoutMs: number): Promise<ProgramEnd>
  /** Keep a program running beside everything else. */
  keepRunning(file: string, args: readonly string[]): void
  /** Set up cards, addresses and routes. @throws {HostError} if not one card works */
  bringUpNetwork(plan: NetworkPlan): Promise<void>
  /** Give the console to a person, until they leave. */
  shell(): Promise<void>
  /** Leave the machine. On a real machine it does not return. */
  leave(action: FinalAction): void
}
