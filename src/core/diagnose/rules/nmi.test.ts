// NMIs that nothing claimed, as 6.x and older kernels take them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import { diagnose } from '../diagnose.ts'
import { nmi } from './nmi.ts'

const frames = (handler: string) => [
  ...['panic', 'nmi_panic', handler, 'exc_nmi', 'asm_exc_nmi', 'app_work!', 'do_syscall_64'],
]

test('an unknown NMI was sent from outside, and what each CPU did is told', () => {
  const scene = sceneOf({
    log: [
      'Uhhuh. NMI received for unknown reason 31 on CPU 0.',
      'Kernel panic - not syncing: NMI: Not continuing',
    ],
    tasks: {
      app: { pid: 70, cpu: 0, frames: frames('unknown_nmi_error') },
      other: { pid: 71, cpu: 1, frames: ['read_block', 'do_syscall_64'] },
    },
    variables: { unknown_nmi_panic: ['int', 1], panic_on_unrecovered_nmi: ['int', 0] },
    panicCpu: 0,
  })
  const [finding] = nmi.find(scene)
  assert.ok(finding)
  assert.deepEqual([finding.kind, finding.confidence], ['nmi', 'certain'])
  assert.match(finding.title, /^panic by an NMI of no known source: .* on CPU 0$/)
  const said = finding.evidence.map(({ text }) => text)
  assert.ok(said.includes('unknown_nmi_panic is 1, so that it panics'))
  assert.ok(!said.some((text) => text.startsWith('panic_on_unrecovered_nmi')))
  assert.ok(said.includes('CPU 0 was in app_work() for PID 70 "app"'))
  assert.ok(said.includes('CPU 1 was in read_block() for PID 71 "other"'))
  assert.equal(diagnose(scene).verdict?.kind, 'nmi')
})

test('a bus error is an error of the hardware, by its handler or by its words', () => {
  for (const [handler, reason, what] of [
    ['pci_serr_error', 'NMI: Not continuing', 'SERR'],
    ['io_check_error', 'NMI IOCK error: Not continuing', 'IOCHK'],
  ] as const) {
    const log = [`Kernel panic - not syncing: ${reason}`]
    const tasks = { app: { pid: 70, cpu: 0, frames: frames(handler) } }
    const [finding] = nmi.find(sceneOf({ log, tasks, panicCpu: 0 }))
    assert.equal(finding?.kind, 'hardware-error')
    assert.ok(finding.title.includes(what), finding.title)
  }
  const [worded] = nmi.find(
    sceneOf({ log: ['Kernel panic - not syncing: NMI IOCK error: Not continuing'] }),
  )
  assert.equal(worded?.kind, 'hardware-error')
})

test('a panic without an NMI is none', () => {
  assert.deepEqual(
    [...nmi.find(sceneOf({ log: ['Kernel panic - not syncing: Fatal exception'] }))],
    [],
  )
})
