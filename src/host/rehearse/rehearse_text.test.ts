// Results as people see them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RehearseResult } from './rehearse_result.ts'
import { formatRehearseText, formatStepLine } from './rehearse_text.ts'

const GOOD: RehearseResult = {
  version: 1,
  ok: true,
  scenario: 'sysrq',
  release: '6.1.0-test',
  kernel: '/boot/vmlinuz',
  accelerator: 'tcg',
  memoryBytes: 512 * 2 ** 20,
  cpus: 2,
  crashkernel: '192M',
  steps: [{ name: 'boot', ok: true, ms: 5912, error: '', console: [] }],
  end: 'reset',
  capture: { complete: true, memAvailableMinBytes: 68.9 * 2 ** 20, steps: [] },
  dump: {
    file: '/keep/vmcore',
    sizeBytes: 21_300_000,
    opens: true,
    error: '',
    openMs: 95.4,
    panicMessage: 'Kernel panic - not syncing: sysrq triggered crash',
    panicTask: 'rehearsal (PID 119)',
    backtrace: ['panic', 'sysrq_handle_crash'],
    backtraceEnd: 'user',
    taskCount: 81,
  },
  kept: '',
}

test('a good rehearsal says what was tried and what the dump tells', () => {
  assert.equal(
    formatRehearseText(GOOD),
    `kernel    6.1.0-test, crashkernel=192M
machine   512 MB, 2 CPUs, tcg
scenario  sysrq
capture   lowest free memory 68 MB
end       the machine was left by reset
dump      vmcore, 21.3 MB, opens in 95 ms, 81 tasks
panic     Kernel panic - not syncing: sysrq triggered crash
          rehearsal (PID 119), 2 frames: panic ← sysrq_handle_crash
result    the whole road works
`,
  )
})

test('a failed step is named, with its reason and the last lines of the console', () => {
  const step = {
    name: 'crash',
    ok: false,
    ms: 60_000,
    error: 'not done after 60 s',
    console: ['Kernel panic', 'Rebooting'],
  } as const
  const text = formatRehearseText({
    ...GOOD,
    ok: false,
    steps: [step],
    capture: undefined,
    dump: undefined,
    end: undefined,
  })
  assert.match(text, /^dump +none$/m)
  assert.match(text, /^result +failed: crash$/m)
  assert.ok(
    text.endsWith(
      '\ncrash: not done after 60 s\n  last lines of the console:\n  | Kernel panic\n  | Rebooting\n',
    ),
  )
  assert.equal(formatStepLine(step), '  60.0 s  FAILED  crash    not done after 60 s')
})

test('a dump that does not open says why', () => {
  assert.ok(GOOD.dump)
  const dump = { ...GOOD.dump, opens: false, error: 'vmcore: offset 0x0: file is empty' }
  assert.match(
    formatRehearseText({ ...GOOD, dump }),
    /^dump +vmcore, 21\.3 MB, does not open: vmcore: offset 0x0: file is empty$/m,
  )
})
