// What every kind of target can do: be opened, take a directory of files, be left. One file a kind (filesystem.ts …), all
// in targets.ts. The capture kernel and the preflight of an armed machine use the same code.
import type { DumpOutput } from '../platform/dump_output.ts'
import type { CapturePlace, RawPlace } from './place.ts'

/** What a target asks of the machine it runs on. Tests hand in a folder and a clock instead. */
export interface TargetHost {
  /** Folder on which a file system is mounted. */
  readonly mountpoint: string
  /** Milliseconds of a clock that never jumps. */
  now(): number
  sleep(milliseconds: number): Promise<void>
  /** Write a line to the console. */
  say(text: string): void
  /** Show whoever guards against standstill that work goes on. */
  heartbeat(text: string): void
  /** Run one step under its name, which is recorded with its time and its error. @throws what `work` throws */
  step<T>(name: string, work: () => T | Promise<T>): Promise<T>
  /** Find a file system's device node by UUID, else by node; undefined while it is not there. */
  findDevice(place: { readonly uuid: string; readonly node: string }): string | undefined
  /** Find a disk or partition without a file system; undefined while it is not there. */
  findDisk(place: RawPlace): string | undefined
  mount(source: string, fstype: string, options: string): void
  unmount(): void
  /** Write everything that waits in the page cache. */
  sync(): void
}

/** How long one target may take. Milliseconds of the host's clock. */
export interface TargetDeadlines {
  /** Until its device or server must have answered. */
  readonly openMs: number
  /** Until all must have been written. */
  readonly endMs: number
}

/** A kind of target. */
export interface TargetKind<Place extends CapturePlace = CapturePlace> {
  readonly kind: Place['kind']
  /**
   * Find the device and mount it, or connect and log in. No wait outlasts `openMs`.
   *
   * @throws {HostError} if it cannot be used
   */
  open(place: Place, host: TargetHost, deadlines: TargetDeadlines): Promise<OpenTarget>
}

/** A target that takes files. */
export interface OpenTarget {
  /** For people: `/mnt`, `ssh root@192.0.2.1`. */
  readonly name: string
  /** Our address as the target sees it, which begins the directory's name; `127.0.0.1` on this machine's disks. */
  readonly clientAddress: string
  /** What a finished dump is called: `vmcore`, or `vmcore.flat` where a dump is a stream. */
  readonly dumpName: 'vmcore' | 'vmcore.flat'
  /** Room can be kept for what is written last, so that a disk the dump fills still takes the manifest. */
  readonly takesReserve: boolean
  /** Free bytes, undefined where the target does not tell. */
  freeBytes(): Promise<number | undefined>
  /** Make a new directory below the dumps' one. @throws {HostError} with errno EEXIST if there is one of that name */
  makeDirectory(name: string): Promise<TargetDirectory>
  /** Flush and unmount, or hang up. */
  close(): Promise<void>
}

/** The directory of one crash. Files are readable by their owner only. */
export interface TargetDirectory {
  /** For people, in full. */
  readonly name: string
  /**
   * Write a file and make it durable: first as `unfinished` (`NAME.tmp` if not given), then under its name.
   *
   * @throws {HostError}
   */
  writeFile(name: string, pieces: Iterable<string | Uint8Array>, unfinished?: string): Promise<void>
  /** Begin a dump, in place of what there may be under that name. @throws {HostError} */
  openDump(name: string): Promise<DumpOutput>
  /** Begin a file that is written in order: each offset is where the last write ended. @throws {HostError} */
  openStream(name: string): Promise<DumpOutput>
  /** Give a file its final name, durably. */
  rename(from: string, to: string): Promise<void>
  /** Remove a file; one that is not there is no error. */
  remove(name: string): Promise<void>
  /** Size of a file, undefined if it is not there. */
  sizeOf(name: string): Promise<number | undefined>
  /** SHA-256 of a finished file in hex; undefined if the target cannot tell before `endMs`. */
  digestOf(name: string, endMs: number): Promise<string | undefined>
  /** Remove the directory, which must be empty. @throws {HostError} */
  discard(): Promise<void>
}
