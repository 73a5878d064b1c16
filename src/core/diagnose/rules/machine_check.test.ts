// Machine checks as 6.x prints them, and as the kernel keeps them per CPU.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import { diagnose } from '../diagnose.ts'
import { statusText } from '../machine_check.ts'
import { machineCheck } from './machine_check.ts'

const LOG = [
  'mce: [Hardware Error]: CPU 0: Machine Check Exception: 4 Bank 5: be00000000800400',
  'mce: [Hardware Error]: TSC 0 ADDR 12345000 ',
  'mce: [Hardware Error]: PROCESSOR 2:663 TIME 1700000000 SOCKET 0 APIC 0 microcode 1000065',
  'mce: [Hardware Error]: Machine check: Processor context corrupt',
  'Kernel panic - not syncing: Fatal machine check',
]

test('a fatal one names the bank and decodes its status', () => {
  const scene = sceneOf({ log: LOG })
  const [finding] = machineCheck.find(scene)
  assert.equal(
    finding?.title,
    'machine check on CPU 0, bank 5: uncorrected, processor context corrupt: internal timer error (a core made no progress), at physical address 0x12345000',
  )
  assert.deepEqual([finding.role, finding.confidence], ['cause', 'certain'])
  assert.equal(finding.culprit?.unit, 'CPU 0, bank 5')
  assert.equal(diagnose(scene).verdict?.kind, 'machine-check')
})

test('one that was only logged was survived', () => {
  const scene = sceneOf({
    log: [
      'mce: [Hardware Error]: Machine check events logged',
      'mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 8: 8c00004000010090',
      'mce: [Hardware Error]: TSC 0 ADDR 7f00 MISC 1 ',
      'Kernel panic - not syncing: Fatal exception',
    ],
  })
  const [finding] = machineCheck.find(scene)
  assert.equal(finding?.role, 'earlier')
  assert.match(finding.title, /corrected: memory controller error, read, channel 0/)
  // "Machine check events logged" alone has no record and is not worth a finding.
  assert.deepEqual(
    [...machineCheck.find(sceneOf({ log: scene.lines.slice(0, 1).map(({ text }) => text) }))],
    [],
  )
})

test('what a CPU saw is read from memory when the log is lost', () => {
  // struct mce: status at 0, addr at 16, bank at 65, extcpu at 68.
  const mce = (status: bigint, address: bigint, bank: number, cpu: number): number[] => {
    const view = new DataView(new ArrayBuffer(120))
    view.setBigUint64(0, status, true)
    view.setBigUint64(16, address, true)
    view.setUint8(65, bank)
    view.setUint32(68, cpu, true)
    return [...new Uint8Array(view.buffer)]
  }
  const scene = sceneOf({
    types: 'struct seen { unsigned char bytes[120]; }; percpu struct seen mces_seen;',
    cpus: [{}, { mces_seen: { bytes: mce(0xbe00_0000_0000_0135n, 0x4000n, 1, 1) } }],
    tasks: { app: { pid: 70, cpu: 1, frames: ['panic', 'mce_panic', 'do_machine_check', 'x'] } },
    panicCpu: 1,
  })
  const [finding] = machineCheck.find(scene)
  assert.match(
    finding?.title ?? '',
    /on CPU 1, bank 1: uncorrected, .*cache error, data, level 1, data read/,
  )
  assert.equal(finding?.evidence[0]?.command.startsWith('rd '), true)
})

test('codes are decoded as the manual has them', () => {
  const codes = [
    [0x0005n, 'internal parity error'],
    [0x001an, 'TLB error, generic, level 2'],
    [0x000en, 'cache hierarchy error, level 2'],
    [0x0e0bn, 'I/O error'],
    [0x009fn, 'memory controller error, read'],
    [0x0405n, 'internal error (code 0x405)'],
  ] as const
  for (const [code, text] of codes) assert.ok(statusText(code).endsWith(text), statusText(code))
})
