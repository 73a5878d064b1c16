// Ends a process in which a fuzz case never ends, and says which: a synchronous loop leaves no other way.
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** Even on a busy machine no case comes near. */
const LIMIT_MS = 30_000

/** Bytes of a name that are kept. */
const NAME_SIZE = 128

/** What both threads see. */
interface Watched {
  /** Cases begun; length of the name of the target at work, or 0; number of its case. */
  readonly state: Int32Array
  readonly name: Uint8Array
  readonly limitMs: number
}

/** Watches cases from a thread of its own. */
export class HangWatch {
  readonly #watched: Watched

  private constructor(watched: Watched) {
    this.#watched = watched
  }

  /** Start watching; the thread does not keep the process from ending. */
  static async start(limitMs = LIMIT_MS): Promise<HangWatch> {
    const watched: Watched = {
      state: new Int32Array(new SharedArrayBuffer(12)),
      name: new Uint8Array(new SharedArrayBuffer(NAME_SIZE)),
      limitMs,
    }
    const worker = new Worker(new URL(import.meta.url), { workerData: watched, execArgv: [] })
    // A thread that is still starting when a case hangs would never be ready.
    await once(worker, 'message')
    worker.unref()
    return new HangWatch(watched)
  }

  /** Note that a case begins. */
  begin(target: string, seed: number): void {
    const { state, name } = this.#watched
    state[1] = new TextEncoder().encodeInto(target, name).written
    state[2] = seed
    Atomics.add(state, 0, 1)
  }

  /** Note that no case is at work. */
  rest(): void {
    this.#watched.state[1] = 0
  }
}

function watch({ state, name, limitMs }: Watched): void {
  let before = -1
  setInterval(() => {
    const begun = Atomics.load(state, 0)
    const length = Atomics.load(state, 1)
    if (begun === before && length > 0) {
      const seed = Atomics.load(state, 2)
      const target = new TextDecoder().decode(name.slice(0, length))
      const where = `KBOX_FUZZ_FROM=${seed} KBOX_FUZZ_RUNS=1`
      writeSync(2, `${target}: case ${seed} does not end (${where})\n`)
      process.kill(process.pid, 'SIGKILL')
    }
    before = begun
  }, limitMs)
  parentPort?.postMessage('ready')
}

if (!isMainThread) watch(workerData as Watched)
