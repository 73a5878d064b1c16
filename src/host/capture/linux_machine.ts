// The real capture kernel: mounts, power, console.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readKmsg } from '../platform/kmsg.ts'
import { runCommand } from '../platform/run_command.ts'
import { mount, powerOffNow, sync, unmount } from '../platform/syscalls.ts'
import { findFilesystem } from '../target/find_filesystem.ts'
import { bringUpNetwork } from '../target/network_up.ts'
import type { CaptureMachine } from './machine.ts'

/** /init's guard reads it; see control/initramfs/init_script.ts. */
const HEARTBEAT = '/run/kbox/heartbeat'
/** Tells /init that the recorder saved what it could. */
const RECORDED = '/run/kbox/recorded'
const MOUNTPOINT = '/mnt'
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
  bringUpNetwork: (plan) => bringUpNetwork(plan, { ...linuxMachine, root: '/', run: runCommand }),
  async shell() {
    const child = spawn('sh', SHELL, { stdio: 'inherit' })
    await new Promise((resolve) => child.once('close', resolve).once('error', resolve))
  },
  leave: powerOffNow,
}
