// A machine of a console, a channel and an end, each moved by the test.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { duplexPair, PassThrough } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ConsoleLog } from './console_log.ts'
import { GuestChannel } from './guest_channel.ts'
import type { MachineEnd } from './machine.ts'
import {
  awaitBoot,
  awaitCaptureKernel,
  awaitDmesg,
  awaitDump,
  awaitEnd,
  awaitReady,
  type WatchedMachine,
} from './road.ts'

function fakeMachine(t: TestContext) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-road-'))
  const console = new ConsoleLog(path.join(folder, 'console.log'))
  const port = new PassThrough()
  console.attach(port)
  const [ours, guest] = duplexPair()
  const end = Promise.withResolvers<MachineEnd>()
  const machine: WatchedMachine = {
    console,
    channel: new GuestChannel(ours),
    waitForEnd: () => end.promise,
  }
  t.after(() => {
    console.close()
    rmSync(folder, { recursive: true })
  })
  return { machine, guest, end, say: (text: string) => void port.write(text) }
}
const never = new AbortController().signal

test('the panic that is rehearsed is no failure, one of the capture kernel is', async (t) => {
  const { machine, say } = fakeMachine(t)
  say('Kernel panic - not syncing: sysrq triggered crash\n')
  say('[    0.000000] Linux version 6.1.0 (debian)\n')
  say('Kernel panic - not syncing: System is deadlocked on memory\n')
  await assert.rejects(awaitCaptureKernel(machine, never), {
    message: 'the capture kernel panicked: System is deadlocked on memory (raise crashkernel=)',
  })
})

test('the milestones of a capture are passed one after the other', async (t) => {
  const { machine, say, end } = fakeMachine(t)
  say('Linux version 6.1.0\nkbox: capture kernel is up after 2.80 0.00\n')
  await awaitCaptureKernel(machine, never)
  say('kbox: saving vmcore-dmesg.txt\nkbox: saving vmcore-dmesg.txt complete\n')
  await awaitDmesg(machine, never)
  say('kbox: saving vmcore\nkbox: saving vmcore complete: 19.3 MB in 10.3 s\n')
  await awaitDump(machine, never)
  end.resolve('reset')
  assert.equal(await awaitEnd(machine, never), 'reset')
})

test("a capture that fails is told in the recorder's own words", async (t) => {
  const { machine, say } = fakeMachine(t)
  say('kbox: dmesg failed: no log in the dump\n')
  await assert.rejects(awaitDmesg(machine, never), { message: 'dmesg failed: no log in the dump' })
  say('kbox: mount failed: EIO\nkbox: target: ext4 /dev/vdb\n')
  say('kbox: dump failed: /mnt/vmcore-incomplete: ENOSPC\nkbox: failure_action: halt\n')
  await assert.rejects(awaitDump(machine, never), {
    message: 'dump failed: /mnt/vmcore-incomplete: ENOSPC',
  })
})

test("the old kernel's log on the console, of a target that took nothing, is no failure", async (t) => {
  const { machine, say } = fakeMachine(t)
  say('kbox: connect failed: no answer\n')
  say('kbox: | [   12.5] Kernel panic - not syncing: sysrq triggered crash\n')
  say('kbox: target: ext4 /dev/vdb\nkbox: saving vmcore-dmesg.txt complete\n')
  assert.equal(await awaitDmesg(machine, never), true)
  say('[    9.1] Kernel panic - not syncing: Out of memory\n')
  await assert.rejects(awaitDump(machine, never), /the capture kernel panicked: Out of memory/)
})

test('a machine that ends before its milestone ends the wait', async (t) => {
  const { machine, end } = fakeMachine(t)
  const wait = awaitCaptureKernel(machine, never)
  end.resolve('reset')
  await assert.rejects(wait, { message: 'the machine ended before (reset)' })
})

test('a halted machine has ended, though QEMU goes on', async (t) => {
  const { machine, say } = fakeMachine(t)
  const wait = awaitEnd(machine, never)
  await turn()
  say('reboot: System halted\n')
  assert.equal(await wait, 'halted')
})

test("a guest's failure ends any wait for it, with the step and the reason", async (t) => {
  const { machine, guest } = fakeMachine(t)
  guest.write('{"event":"failed","step":"arm","error":"no memory reserved"}\n')
  await assert.rejects(awaitBoot(machine, never), {
    message: 'in the guest: arm: no memory reserved',
  })
})

test('the tasks a guest lists are all there, or the list is refused', async (t) => {
  const { machine, guest } = fakeMachine(t)
  guest.write('{"event":"task","pid":1,"stat":"1 (init) S 0"}\n{"event":"ready","tasks":1}\n')
  assert.deepEqual(await awaitReady(machine, never), ['1 1 (init) S 0\n'])
  guest.write('{"event":"task","pid":1,"st\n{"event":"ready","tasks":1}\n')
  await assert.rejects(awaitReady(machine, never), { message: 'the guest sent 1 tasks, 0 arrived' })
})
