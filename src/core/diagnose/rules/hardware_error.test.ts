// What firmware, buses and memory controllers report.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import { diagnose } from '../diagnose.ts'
import { hardwareError } from './hardware_error.ts'

test("a fatal error of APEI's is the cause, and names the section", () => {
  const scene = sceneOf({
    log: [
      '{1}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 4',
      '{1}[Hardware Error]: event severity: fatal',
      '{1}[Hardware Error]:   section_type: PCIe error',
      'Kernel panic - not syncing: Fatal hardware error!',
    ],
  })
  const [finding] = hardwareError.find(scene)
  assert.deepEqual(
    [finding?.role, finding?.title, finding?.culprit?.unit],
    ['cause', 'firmware reported an error of the hardware: PCIe error', 'PCIe error'],
  )
  const causes = diagnose(scene).findings.filter(({ role }) => role === 'cause')
  assert.deepEqual(
    causes.map(({ kind }) => kind),
    ['hardware-error'],
  )
})

test('errors that were survived are told of, each with its unit', () => {
  const scene = sceneOf({
    log: [
      'pcieport 0000:00:1c.0: AER: Uncorrected (Fatal) error received: 0000:01:00.0',
      'EDAC MC0: 1 UE memory read error on CPU_SrcID#0_MC#0_Chan#1_DIMM#0 (channel:1 slot:0)',
      'Memory failure: 0x12345: recovery action for dirty LRU page: Failed',
      'Memory failure: 0x12346: recovery action for clean LRU page: Recovered',
    ],
  })
  const found = [...hardwareError.find(scene)]
  assert.deepEqual(
    found.map(({ role, culprit }) => [role, culprit?.unit]),
    [
      ['earlier', 'PCI 0000:00:1c.0'],
      ['earlier', 'CPU_SrcID#0_MC#0_Chan#1_DIMM#0'],
      ['earlier', 'memory at page frame 0x12345'],
    ],
  )
})

test("the kernel's own count is read where the log has forgotten", () => {
  const scene = sceneOf({
    types: 'struct hwerr_info { atomic_t count; long long timestamp; };',
    variables: {
      hwerr_data: ['struct hwerr_info [5]', [{ count: { counter: 0 } }, { count: { counter: 7 } }]],
    },
  })
  const [finding] = hardwareError.find(scene)
  assert.deepEqual(
    [finding?.role, finding?.evidence.map(({ text }) => text)],
    ['state', ['7 recovered errors of the kind "memory" since boot']],
  )
})

test('a machine without errors has no finding', () => {
  assert.deepEqual([...hardwareError.find(sceneOf({ log: ['EDAC MC: Ver: 3.0.0'] }))], [])
})
