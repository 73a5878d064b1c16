// A crash of a machine with very many tasks and files: processes, threads and descriptors by the ten thousand, made by
// a program of a few system calls, as neither a shell nor Node could in the time there is.
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cachePath } from '../../scripts/cache.ts'
import { rehearse } from '../../src/host/rehearse/rehearse.ts'
import { DEFAULT_ARM } from '../../src/host/rehearse/rehearse_options.ts'
import { formatRehearseText } from '../../src/host/rehearse/rehearse_text.ts'
import { rehearseOptions } from './rehearsals.ts'

/** What the crowd is made of. */
export const CROWD = { processes: 5000, threadsEach: 4, files: 100_000 } as const

const MEMORY_BYTES = 3 * 2 ** 30
const TIMEOUT_MS = 1_500_000
const PROGRAM = '/usr/lib/kbox/crowd'

/** Wait until all are there; loadavg counts tasks, file-nr open files. */
const START = `
echo 4000000 > /proc/sys/kernel/pid_max
echo 4000000 > /proc/sys/kernel/threads-max
ulimit -n 200000
${PROGRAM} < /dev/null > /dev/null 2>&1 &
until [ "$(cut -d/ -f2 /proc/loadavg | cut -d' ' -f1)" -gt ${CROWD.processes * CROWD.threadsEach} ]; do sleep 0.5; done
until [ "$(cut -f1 /proc/sys/fs/file-nr)" -gt ${CROWD.files} ]; do sleep 0.5; done
`

/**
 * Crash a kernel of the cache with its crowd unless that was done before; some minutes.
 *
 * @returns the folder with the vmcore
 */
export async function makeScaleDump(series: string): Promise<string> {
  const folder = cachePath('dumps', `${series}-tasks`)
  if (existsSync(path.join(folder, 'vmcore'))) return folder
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'kbox-scale-'))
  const fresh = `${folder}.partial`
  rmSync(fresh, { recursive: true, force: true })
  try {
    const program = path.join(scratch, 'crowd')
    writeFileSync(program, crowdProgram(), { mode: 0o755 })
    const result = await rehearse({
      ...rehearseOptions(series),
      memoryBytes: MEMORY_BYTES,
      timeoutMs: TIMEOUT_MS,
      keep: fresh,
      // Files of twenty thousand tasks would fill the guest's disk.
      takeTruth: false,
      files: [{ path: PROGRAM, source: program }],
      arm: [['sh', '-c', START], ...DEFAULT_ARM],
    })
    if (!result.ok) throw new Error(formatRehearseText(result))
    rmSync(folder, { recursive: true, force: true })
    renameSync(fresh, folder)
    return folder
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    rmSync(fresh, { recursive: true, force: true })
  }
}

// Numbers of x86-64's system calls, <linux/sched.h>.
const [SYS_PAUSE, SYS_CLONE, SYS_FORK, SYS_EVENTFD2] = [34, 56, 57, 290]
/** VM, FS, FILES, SIGHAND, THREAD, SYSVSEM. */
const THREAD_FLAGS = 0x50f00
const LOAD_ADDRESS = 0x40_0000
const HEADERS_SIZE = 64 + 56

/**
 * A static program: forks, each child starts its threads and sleeps, the parent opens eventfds and sleeps. It never
 * touches its stack, so that all threads may share one.
 */
function crowdProgram(): Uint8Array {
  const { processes, threadsEach, files } = CROWD
  const pause = [...movEax(SYS_PAUSE), ...SYSCALL, ...jump(-9)]
  const openFiles = loop(files, [...movEax(SYS_EVENTFD2), ...CLEAR_EDI, ...CLEAR_ESI, ...SYSCALL])
  const parent = [...openFiles, ...pause]
  const thread = [
    ...movEax(SYS_CLONE),
    ...[0xbf, ...le32(THREAD_FLAGS)],
    ...CLEAR_ESI,
    ...CLEAR_EDX,
    ...SYSCALL,
  ]
  // A new thread's eax is 0: it goes where its process goes at the end of the loop.
  const threads = loop(threadsEach - 1, [...thread, ...jumpIfZero(LOOP_TAIL)])
  const child = [...threads, ...pause]
  const fork = [...movEax(SYS_FORK), ...SYSCALL, ...jumpIfZero(LOOP_TAIL + parent.length)]
  const code = Uint8Array.from([...loop(processes, fork), ...parent, ...child])
  const elf = Buffer.alloc(HEADERS_SIZE + code.length)
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  const view = new DataView(elf.buffer, elf.byteOffset)
  // e_type, e_machine, e_version; e_entry, e_phoff; e_ehsize, e_phentsize, e_phnum.
  view.setUint32(16, 2 | (62 << 16), true)
  view.setUint32(20, 1, true)
  view.setUint32(24, LOAD_ADDRESS + HEADERS_SIZE, true)
  view.setUint32(32, 64, true)
  view.setUint32(52, 64 | (56 << 16), true)
  view.setUint16(56, 1, true)
  // PT_LOAD, readable and executable, all of the file.
  view.setUint32(64, 1, true)
  view.setUint32(68, 5, true)
  view.setUint32(80, LOAD_ADDRESS, true)
  view.setUint32(88, LOAD_ADDRESS, true)
  view.setUint32(96, elf.length, true)
  view.setUint32(104, elf.length, true)
  view.setUint32(112, 0x1000, true)
  elf.set(code, HEADERS_SIZE)
  return elf
}

const SYSCALL = [0x0f, 0x05]
const CLEAR_EDI = [0x31, 0xff]
const CLEAR_ESI = [0x31, 0xf6]
const CLEAR_EDX = [0x31, 0xd2]
/** Bytes of what ends a loop: `dec ebx; jnz`. */
const LOOP_TAIL = 8

/** `mov ebx, count; body; dec ebx; jnz body`. */
const loop = (count: number, body: readonly number[]): number[] => [
  ...[0xbb, ...le32(count)],
  ...body,
  ...[0xff, 0xcb],
  ...[0x0f, 0x85, ...le32(-(body.length + LOOP_TAIL))],
]
const movEax = (value: number): number[] => [0xb8, ...le32(value)]
/** `test eax, eax; jz`, counted from behind it. */
const jumpIfZero = (distance: number): number[] => [0x85, 0xc0, 0x0f, 0x84, ...le32(distance)]
const jump = (distance: number): number[] => [0xeb, distance & 0xff]
const le32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)
