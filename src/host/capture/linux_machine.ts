// The real capture kernel: mounts, power, console.
import { spawn } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readKmsg } from '../platform/kmsg.ts'
import { runCommand } from '../platform/run_command.ts'
import { mount, powerOffNow, sync, unmount } from '../platform/syscalls.ts'
import { findDisk } from '../target/find_disk.ts'
import { findFilesystem } from '../target/find_filesystem.ts'
import type { FinalAction } from './capture_config.ts'
import { bringUpNetwork } from '../target/network/network_up.ts'
import type { CaptureMachine } from './machine.ts'
import { keepRunning, runProgram } from './run_program.ts'

/** /init's guard reads it; see control/initramfs/init_script.ts. */
const HEARTBEAT = '/run/kbox/heartbeat'
/** Tells /init that the recorder saved what it could. */
const RECORDED = '/run/kbox/recorded'
const MOUNTPOINT = '/mnt'
/** A pipe to the guard, and a file that is there while it holds watchdogs open. */
const BELL = '/run/kbox/bell'
const WATCHDOGS = '/run/kbox/watchdogs'
const CLOSE_TIMEOUT_MS = 5000
/** What must go on in the background, and ended, is started again after so long. */
const RESTART_AFTER_MS = 10_000
/** A shell on the serial console, where signals and line editing work. */
const SHELL = ['-c', 'exec sh < /dev/console > /dev/console 2>&1']

let beats = 0

/** The machine the capture kernel runs on. */
export const linuxMachine: CaptureMachine = {
  vmcore: '/proc/vmcore',
  mountpoint: MOUNTPOINT,
  now: () => performance.now(),
  date: () => new Date(),
  say(text) {
    writeSync(1, `kbox: ${text}\n`)
  },
  sleep: (milliseconds) => sleep(milliseconds),
  findDevice({ uuid, node }) {
    if (uuid !== '') return findFilesystem({ by: 'uuid', uuid })?.node
    return findFilesystem({ by: 'node', node })?.node
  },
  findDisk: (place) => findDisk(place)?.node,
  mount(source, fstype, options) {
    mkdirSync(MOUNTPOINT, { recursive: true })
    mount(source, MOUNTPOINT, fstype, 0, options)
  },
  unmount: () => unmount(MOUNTPOINT),
  setRecorded: () => writeFileSync(RECORDED, ''),
  sync,
  memAvailable() {
    const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
    return Number(kilobytes ?? 0) * 1024
  },
  kernelLog: () => readKmsg(),
  heartbeat(text) {
    beats++
    writeFileSync(HEARTBEAT, text === 'shell' ? text : `${beats} ${text}`)
  },
  runProgram: (file, args, timeoutMs) =>
    runProgram(file, args, timeoutMs, () => linuxMachine.heartbeat(file)),
  keepRunning: (file, args) => keepRunning(file, args, RESTART_AFTER_MS),
  bringUpNetwork: (plan) => bringUpNetwork(plan, { ...linuxMachine, root: '/', run: runCommand }),
  async shell() {
    const child = spawn('sh', SHELL, { stdio: 'inherit' })
    await new Promise((resolve) => child.once('close', resolve).once('error', resolve))
  },
  leave(action) {
    closeWatchdogs(action)
    powerOffNow(action)
  },
}

/**
 * Tell /init's guard to let go of the watchdogs, and wait until it has. For a reboot they stay armed: should it hang, they
 * end that too. A machine that is to stay down must not be woken by them.
 */
function closeWatchdogs(action: FinalAction): void {
  if (action === 'reboot') return
  try {
    const bell = openSync(BELL, constants.O_WRONLY | constants.O_NONBLOCK)
    writeSync(bell, 'close\n')
    closeSync(bell)
    const endMs = performance.now() + CLOSE_TIMEOUT_MS
    while (existsSync(WATCHDOGS) && performance.now() < endMs)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
  } catch {
    // No guard listens: there is no watchdog to close.
  }
}
