// The turning points of logs in words.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import { readTimeline } from './timeline.ts'

interface Line {
  readonly seconds: number
  readonly text: string
  readonly level?: number
}

const timeline = (log: readonly Line[]): string[] =>
  readTimeline(sceneOf({ log: log.map((line) => ({ level: 6, ...line })) })).map(
    ({ seconds, kind, text }) => `${seconds} ${kind}: ${text}`,
  )

test('boot, modules, disks, links, memory and the end are marked; the rest is not', () => {
  assert.deepEqual(
    timeline([
      { seconds: 0, text: 'Linux version 6.12.0 (gcc)' },
      { seconds: 1, text: 'pci 0000:00:01.0: a device', level: 4 },
      { seconds: 2, text: 'foo: loading out-of-tree module taints kernel.' },
      { seconds: 3, text: 'e1000e 0000:00:19.0 eth0: NIC Link is Down' },
      { seconds: 4, text: 'I/O error, dev sda, sector 8 op 0x0:(READ) flags 0x0' },
      { seconds: 5, text: 'foo: the hub is on fire', level: 3 },
      { seconds: 6, text: 'sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0' },
      { seconds: 7, text: 'sysrq: Trigger a crash' },
      { seconds: 7, text: 'Kernel panic - not syncing: sysrq triggered crash' },
      { seconds: 8, text: ' dump_stack+0x1/0x2', level: 0 },
    ]),
    [
      '0 boot: Linux version 6.12.0 (gcc)',
      '2 module: foo: loading out-of-tree module taints kernel.',
      '3 network: e1000e 0000:00:19.0 eth0: NIC Link is Down',
      '4 io: I/O error, dev sda, sector 8 op 0x0:(READ) flags 0x0',
      '5 error: foo: the hub is on fire',
      '6 oom: sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0',
      '7 panic: sysrq: Trigger a crash',
      '7 panic: Kernel panic - not syncing: sysrq triggered crash',
    ],
  )
})

test('an oops is one event, whatever it prints', () => {
  assert.deepEqual(
    timeline([
      {
        seconds: 1,
        text: 'BUG: kernel NULL pointer dereference, address: 0000000000000008',
        level: 1,
      },
      { seconds: 1, text: '#PF: supervisor read access in kernel mode', level: 1 },
      { seconds: 1, text: 'RIP: 0010:f+0x1/0x2', level: 0 },
      { seconds: 1, text: '---[ end trace 0000000000000000 ]---', level: 4 },
      { seconds: 2, text: 'other: failed', level: 3 },
    ]),
    [
      '1 trouble: BUG: kernel NULL pointer dereference, address: 0000000000000008',
      '2 error: other: failed',
    ],
  )
})

test('what is said again with other numbers is one event', () => {
  const log = Array.from({ length: 300 }, (_, i) => ({
    seconds: i / 10,
    text: `I/O error, dev sda, sector ${i * 8}`,
  }))
  assert.deepEqual(timeline(log), [
    '0 io: I/O error, dev sda, sector 0 (300 times, until 29.900 s)',
  ])
})

test('a long silence is told', () => {
  assert.deepEqual(
    timeline([
      { seconds: 10, text: 'a' },
      { seconds: 500, text: 'b' },
      { seconds: 510, text: 'c' },
    ]),
    ['10 silence: nothing was printed for 490 s'],
  )
})

test('of very many the first and the last stay', () => {
  const letter = (i: number): string => String.fromCharCode(97 + i)
  const log = Array.from({ length: 200 }, (_, i) => ({
    seconds: i,
    text: `${letter(Math.floor(i / 20))}${letter(i % 20)}: failed`,
    level: 3,
  }))
  const events = timeline(log)
  assert.equal(events.length, 40)
  assert.deepEqual([events[0], events.at(-1)], ['0 error: aa: failed', '199 error: jt: failed'])
})
