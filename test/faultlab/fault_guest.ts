// The guest that crashes: one boot of a kernel, armed by `kbox start`, with the faultlab's drivers loaded and a few processes;
// then held as a snapshot from which every scenario goes on. Its memory is a file, so that a scenario's copy of it can be
// read when the machine has crashed.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { GUEST } from '../../src/host/rehearse/guest_files.ts'
import { Machine } from '../../src/host/rehearse/machine.ts'
import type { MachineSpec } from '../../src/host/rehearse/machine_spec.ts'
import type { QmpClient } from '../../src/host/rehearse/qmp.ts'
import { setStage } from '../../src/host/rehearse/stage.ts'
import { rehearseOptions } from '../support/rehearsals.ts'

/** A machine that is armed and stands still. */
export interface Snapshot {
  readonly folder: string
  readonly spec: MachineSpec
}

const BOOT_TIMEOUT_MS = 600_000
const MODULES = '/usr/lib/faultlab'
/** Reports of damaged slabs are printed, and the kernel goes on: this tells it not to. Source: TAINT_BAD_PAGE. */
const CMDLINE = 'panic_on_taint=0x20'

/** Boot a kernel, arm it, and hold it. @param folder gets the snapshot; it is made anew */
export async function makeSnapshot(
  series: string,
  drivers: readonly string[],
  folder: string,
): Promise<Snapshot> {
  const fresh = `${folder}.partial`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  const init = path.join(fresh, 'init')
  writeFileSync(init, GUEST_INIT, { mode: 0o755 })
  const options = rehearseOptions(series)
  const { spec } = await setStage(
    {
      ...options,
      scenario: { ...options.scenario, cmdline: CMDLINE },
      files: [
        { path: '/sbin/init', source: init },
        ...drivers.map((source) => ({ path: `${MODULES}/${path.basename(source)}`, source })),
      ],
    },
    fresh,
  )
  const memoryFile = path.join(fresh, 'memory')
  {
    await using machine = await Machine.start(
      { ...spec, memoryFile },
      path.join(fresh, 'console.log'),
    )
    const signal = AbortSignal.any([machine.gone, AbortSignal.timeout(BOOT_TIMEOUT_MS)])
    for (;;) {
      const message = await machine.channel.next(signal)
      if (message.event === 'ready') break
      if (message.event === 'failed')
        throw new Error(`${message.error}\n${machine.console.tail(20).join('\n')}`)
    }
    await machine.qmp.execute('stop')
    await shareMemory(machine.qmp)
    await machine.qmp.execute('migrate', { uri: `exec:cat > '${path.join(fresh, 'state')}'` })
    await untilMigrated(machine.qmp, signal)
  }
  writeFileSync(path.join(fresh, 'spec.json'), `${JSON.stringify(spec)}\n`)
  rmSync(folder, { recursive: true, force: true })
  renameSync(fresh, folder)
  return openSnapshot(folder, fresh)
}

/** Open a snapshot. @param madeIn folder in which it was made, when that was another */
export function openSnapshot(folder: string, madeIn = `${folder}.partial`): Snapshot {
  const text = readFileSync(path.join(folder, 'spec.json'), 'utf8')
  const spec: MachineSpec = JSON.parse(text.replaceAll(`${madeIn}/`, `${folder}/`))
  return { folder, spec }
}

/** What a machine that goes on from a snapshot changes. */
export interface ResumeFiles {
  /** A copy of the snapshot's memory. */
  readonly memory: string
  readonly console: string
  /** Copies of its disks; without them what is written to a disk is forgotten. */
  readonly disks?: readonly string[]
}

/** Go on from a snapshot. */
export async function resume(
  { folder, spec }: Snapshot,
  { memory: memoryFile, console, disks: copies }: ResumeFiles,
): Promise<Machine> {
  const disks = spec.disks.map((disk, index) => {
    const file = copies?.[index]
    return file === undefined ? { ...disk, isScratch: true } : { ...disk, file }
  })
  const machine = await Machine.start({ ...spec, disks, memoryFile, isIncoming: true }, console)
  try {
    const signal = AbortSignal.any([machine.gone, AbortSignal.timeout(BOOT_TIMEOUT_MS)])
    await shareMemory(machine.qmp)
    await machine.qmp.execute('migrate-incoming', {
      uri: `exec:cat '${path.join(folder, 'state')}'`,
    })
    await untilMigrated(machine.qmp, signal)
    await machine.qmp.execute('cont')
    return machine
  } catch (error) {
    await machine[Symbol.asyncDispose]()
    throw error
  }
}

/** The state then holds everything but the memory. */
async function shareMemory(qmp: QmpClient): Promise<void> {
  await qmp.execute('migrate-set-capabilities', {
    capabilities: [{ capability: 'x-ignore-shared', state: true }],
  })
}

async function untilMigrated(qmp: QmpClient, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const answer = await qmp.execute('query-migrate')
    const status = answer instanceof Object && 'status' in answer ? answer.status : ''
    if (status === 'completed') return
    if (status === 'failed') throw new Error(`QEMU's migration failed: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** PID 1: prepares the machine, then runs each line that comes in on the second serial port, in itself. */
const GUEST_INIT = `#!/bin/sh
export PATH=/bin:/sbin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec < /dev/console > /dev/console 2>&1
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o size=64m tmpfs /tmp
mount -t debugfs debugfs /sys/kernel/debug
mkdir -p /dev/pts ${GUEST.mountpoint}
mount -t devpts devpts /dev/pts
mount -t cgroup2 cgroup2 /sys/fs/cgroup
hostname faultlab
ip link set lo up
stty -F ${GUEST.channel} raw -echo
exec 7<> ${GUEST.channel}
fail() { printf '{"event":"failed","step":"guest","error":"%s"}\\n' "$1" >&7; sleep 1000; }
# In no order: those that need another are tried again.
for round in 1 2 3; do
  for module in ${GUEST.modules}/*.ko; do insmod $module 2>/dev/null; done
done
mount -t squashfs -o loop,ro ${GUEST.runtime} ${GUEST.mountpoint} || fail 'no runtime'
ln -s ${GUEST.mountpoint}/lib /lib64
PATH=$PATH:${GUEST.mountpoint}/bin LD_LIBRARY_PATH=${GUEST.mountpoint}/lib kbox start || fail 'kbox start'
for module in ${MODULES}/*.ko; do insmod $module || fail "insmod $module"; done
sysctl -w kernel.panic_on_oops=1 kernel.sysrq=1
# A machine has something to do.
sh -c 'exec sleep 100001' &
sh -c 'exec nc -l -p 7070' &
sh -c 'sleep 100002 | cat' &
sh -c 'while :; do sleep 0.7; done' &
sh -c 'while :; do date >> /tmp/clock; sleep 0.9; done' &
sync
echo '{"event":"ready","tasks":0}' >&7
while read -r line <&7; do eval "$(echo "$line" | base64 -d)"; done
fail 'the port is closed'
`
