// Reports of a kernel made from a recipe: it has tasks and little else, so that most parts must say why they are missing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { smallKernel } from '../../../test/support/small_kernel.ts'
import { buildReport } from './report_builder.ts'
import type { Report } from './report_model.ts'

function reportOf(changes: Parameters<typeof smallKernel>[0] = {}): Report {
  let time = 0
  return buildReport(smallKernel(changes).program, { fileBytes: 4096, now: () => (time += 5) })
}

test('what can be read is told: who died, on which CPU, and all tasks by state', () => {
  const { version, crash, tasks, completeness } = reportOf()
  assert.equal(version, 2)
  assert.equal(crash.cpu, 1)
  assert.equal(crash.task?.comm, 'worker')
  assert.equal(crash.task?.kernelThread, false)
  assert.equal(tasks?.total, 5)
  assert.equal(tasks?.kernelThreads, 3)
  assert.equal(tasks?.processes, 1)
  assert.deepEqual(tasks?.byState, { RU: 3, IN: 2 })
  assert.equal(completeness.types, true)
  assert.equal(completeness.fileBytes, 4096)
})

test('what cannot be read is null, and why is listed', () => {
  const { log, files, system, completeness } = reportOf()
  assert.equal(log, null)
  assert.equal(files, null)
  assert.equal(system.loadAverages, null)
  const { problems } = completeness
  assert.ok(
    problems.some((problem) => problem.startsWith('log: vmcoreinfo not found')),
    problems.join('\n'),
  )
  assert.ok(problems.some((problem) => problem.startsWith('load averages: symbol not found')))
})

test('a task list with a hole is counted around it, and the hole is listed', () => {
  const { tasks, completeness } = reportOf({ excluded: ['kthreadd'] })
  assert.equal(tasks?.total, 4)
  assert.ok(
    completeness.problems.some((problem) =>
      problem.startsWith('task list is broken, 2 tasks found'),
    ),
  )
})

test('each part that was read is timed', () => {
  const { timings } = reportOf()
  assert.deepEqual(
    timings.map(({ step }) => step),
    [
      'diagnosis',
      'faults',
      'waits',
      'stacks',
      'signature',
      'cpus',
      'state',
      'tasks',
      'files',
      'modules',
      'log',
    ],
  )
  assert.ok(timings.every(({ milliseconds }) => milliseconds === 5))
})

test('a report is JSON: nothing in it is a bigint or undefined', () => {
  const report = reportOf()
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report)
})
