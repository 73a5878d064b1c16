// Who waits for what, as a report has it: kernel/wait_graph.ts with indexes for pointers.
import type { WaitedKind, WaitQuality } from '../../kernel/wait_graph.ts'
import type { HexText } from './hex_text.ts'
import type { ReportTaskName } from './stack_model.ts'

/** Every wait that is known. */
export interface ReportWaits {
  /** Tasks that wait for something. */
  readonly total: number
  /** What is waited for. */
  readonly things: readonly ReportWaited[]
  /** Cycles first, then the largest first; at most 50. */
  readonly groups: readonly ReportWaitGroup[]
  readonly problems: readonly string[]
}

/** A thing that tasks wait for. */
export interface ReportWaited {
  readonly kind: WaitedKind
  /** null if it has no place. */
  readonly address: HexText | null
  readonly name: string
  readonly owners: readonly ReportTaskName[]
  readonly ownerNote: string
  /** How sure it is that `owners` hold it; 'exact' where there are none. */
  readonly ownerQuality: WaitQuality
  /** The disk whose I/O is waited for; '' if none is. */
  readonly device: string
}

/** Tasks that wait, directly or through others, for one root or in one ring. */
export interface ReportWaitGroup {
  /** Tasks in it. */
  readonly count: number
  /** The direct waits first, at most 100. */
  readonly waits: readonly ReportWait[]
  /** null in a ring. */
  readonly root: ReportWaitRoot | null
  /** Waits that form a ring, each for what the next task holds; [] where there is a root. */
  readonly cycle: readonly ReportWait[]
}

/** A task that waits. */
export interface ReportWait {
  readonly task: ReportTaskName
  /** Index in `things`. */
  readonly on: number
  /** The function in which it waits. */
  readonly function: string
  readonly seconds: number | null
  readonly quality: WaitQuality
}

/** What keeps them waiting. */
export interface ReportWaitRoot {
  /** Index in `things`. */
  readonly on: number
  readonly owner: ReportTaskName | null
  readonly state: string
}
