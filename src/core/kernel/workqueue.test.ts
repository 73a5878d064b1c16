// One pool of CPU 1 whose only worker works, with work that waits behind it; the newest names and those before v7.0.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../test/support/scene.ts'
import { forEachBusyWorker, forEachPendingWork, forEachWorkerPool, taskWork } from './workqueue.ts'
import { workqueueRecipe } from '../../../test/support/workqueue_recipe.ts'

for (const progress of ['watchdog_ts', 'last_progress_ts']) {
  test(`a pool, its busy worker and its waiting work are found with ${progress}`, () => {
    const { program } = sceneOf(workqueueRecipe({ progress, progressAt: 4000n }))
    const pools = [...forEachWorkerPool(program)]
    assert.deepEqual(
      pools.map(({ id, cpu, nice, workers, idle, progressJiffies }) => [
        id,
        cpu,
        nice,
        workers,
        idle,
        progressJiffies,
      ]),
      [[2, 1, 0, 1, 0, 4000n]],
    )
    const [pool] = pools
    assert.ok(pool)
    const [busy, ...more] = forEachBusyWorker(pool)
    assert.equal(more.length, 0)
    assert.deepEqual([busy?.queue, busy?.task.number('pid')], ['events', 33])
    assert.equal(busy?.function, program.symbol('flush_work_fn'))
    assert.deepEqual(
      [...forEachPendingWork(pool)].map((work) => work.function),
      [program.symbol('late_work_fn')],
    )
  })
}

test("a worker's task knows what it works on, others do not", () => {
  const scene = sceneOf(workqueueRecipe({}))
  const [worker, other] = scene.tasks
  assert.ok(worker && other)
  assert.equal(taskWork(worker)?.function, scene.program.symbol('flush_work_fn'))
  assert.equal(taskWork(other), undefined)
})
