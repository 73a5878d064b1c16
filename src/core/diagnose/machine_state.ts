// The state of the machine when it died, as data: memory, CPUs, run queues, I/O in flight, network, and the turning
// points of the log. Plain values that JSON can hold; addresses are `0x…`. What cannot be read is null.

/** An address as JSON has it. */
export type HexAddress = string

/** All of it. */
export interface MachineState {
  readonly memory: MemoryState | null
  readonly cpus: readonly CpuState[] | null
  readonly blockIo: BlockIoState | null
  readonly network: NetworkState | null
  readonly timeline: readonly TimelineEvent[] | null
  /** What could not be read, and why. */
  readonly problems: readonly string[]
}

/** Memory: sizes are bytes. */
export interface MemoryState {
  readonly totalBytes: number
  readonly freeBytes: number
  readonly availableBytes: number | null
  readonly swapTotalBytes: number
  readonly swapFreeBytes: number
  /** Shares that add up to the total, the largest first: `user (anonymous)`, `page cache`, `slab`, `page tables`, … */
  readonly shares: readonly MemoryShare[]
  /** Processes by resident memory, at most 20. */
  readonly topProcesses: readonly ProcessMemory[]
  /** Slab caches by memory, at most 20. */
  readonly topCaches: readonly CacheMemory[]
  readonly zones: readonly ZoneState[]
  /** What looks like a leak, as sentences; [] for nothing. */
  readonly suspects: readonly string[]
}

/** A part of memory. */
export interface MemoryShare {
  readonly name: string
  readonly bytes: number
}

/** A process and its memory. */
export interface ProcessMemory {
  readonly pid: number
  readonly comm: string
  readonly address: HexAddress
  readonly rssBytes: number
  readonly swapBytes: number
  readonly oomScoreAdj: number | null
}

/** A slab cache. */
export interface CacheMemory {
  readonly name: string
  readonly address: HexAddress
  readonly objectBytes: number
  /** Objects allocated; null if they were not counted. */
  readonly objects: number | null
  readonly bytes: number
  readonly reclaimable: boolean
}

/** A zone against its watermarks, in pages. */
export interface ZoneState {
  readonly node: number
  readonly name: string
  readonly freePages: number
  readonly minPages: number
  readonly lowPages: number
  readonly highPages: number
  readonly managedPages: number
}

/** What a CPU did. */
export interface CpuState {
  readonly cpu: number
  readonly pid: number
  readonly comm: string
  readonly task: HexAddress
  readonly idle: boolean
  /** Where it was: `idle`, `user`, `kernel`, `softirq`, `hardirq`, `nmi`. */
  readonly mode: 'idle' | 'user' | 'kernel' | 'softirq' | 'hardirq' | 'nmi' | 'unknown'
  /** The function that says most of it; null if there is no trace. */
  readonly function: string | null
  /** Seconds the task has been on the CPU; null if not known. */
  readonly runSeconds: number | null
  /** Tasks waiting for the CPU. */
  readonly queued: number | null
  /** Interrupts were disabled. */
  readonly interruptsOff: boolean | null
  /** Saved no registers when it was told to stop. */
  readonly missedNmi: boolean
}

/** Requests that block devices have not ended. */
export interface BlockIoState {
  readonly inFlight: number
  /** The oldest first, at most 100. */
  readonly requests: readonly BlockRequest[]
}

/** A request. */
export interface BlockRequest {
  readonly address: HexAddress
  readonly disk: string
  readonly operation: string
  readonly sector: number | null
  readonly bytes: number | null
  /** Since it was started or, if it never was, made; null if neither is known. */
  readonly ageSeconds: number | null
  /** `idle`, `in flight`, `complete`. */
  readonly state: string
}

/** Network devices. */
export interface NetworkState {
  readonly devices: readonly NetworkDevice[]
  readonly sockets: number | null
}

/** A network device. */
export interface NetworkDevice {
  readonly name: string
  readonly address: HexAddress
  readonly up: boolean
  readonly carrier: boolean | null
  /** Seconds since it last sent, if a queue is stopped; null if all is well. */
  readonly stuckSeconds: number | null
  readonly addresses: readonly string[]
}

/** A turning point of the log. */
export interface TimelineEvent {
  /** Seconds since boot. */
  readonly seconds: number
  readonly text: string
  /** `boot`, `module`, `warning`, `error`, `trouble`, `oom`, `io`, `network`, `silence`, `panic`. */
  readonly kind: string
  /** Index of the log line; null for what the log does not say. */
  readonly line: number | null
}
