// Tasks that khungtaskd found asleep, in the words of 5.10 to 7.x.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneRecipe, type SceneTask } from '../../../../test/support/scene.ts'
import { HZ, TICK_TYPES, tickVariables } from '../../../../test/support/tick_recipe.ts'
import { diagnose } from '../diagnose.ts'
import { hungTask } from './hung_task.ts'

const NOW = 100_000
const PANIC = 'Kernel panic - not syncing: hung_task: blocked tasks'

const sleeper = (
  pid: number,
  seconds: number,
  frames: readonly string[],
  state = 2,
): SceneTask => ({
  ...{ pid, state, frames: ['__schedule', 'schedule', ...frames] },
  value: { nvcsw: 3, nivcsw: 1, last_switch_count: 4, last_switch_time: NOW - seconds * HZ },
})

const hung = (tasks: Record<string, SceneTask>, log: readonly string[]): SceneRecipe => ({
  members: {
    task_struct: 'unsigned long nvcsw, nivcsw, last_switch_count, last_switch_time;',
  },
  types: TICK_TYPES,
  variables: {
    ...tickVariables(NOW),
    sysctl_hung_task_timeout_secs: ['unsigned long', 120],
    init_task: ['struct task_struct', { comm: 'swapper/0', signal: '&init_signals' }],
  },
  log,
  tasks: { khungtaskd: { pid: 30, cpu: 0, frames: ['panic', 'watchdog', 'kthread'] }, ...tasks },
  panicCpu: 0,
})

const said = (name: string, pid: number): string =>
  `INFO: task ${name}:${pid} blocked for more than 120 seconds.`

test('a panic names the task that was told of last, how long it slept and in what', () => {
  const scene = sceneOf(
    hung(
      {
        early: sleeper(40, 300, ['wait_for_completion', 'reply_wait', 'x']),
        app: sleeper(41, 125, ['wait_for_completion', 'command_wait', 'x']),
      },
      [said('app', 41), PANIC],
    ),
  )
  const [verdict] = hungTask.find(scene)
  assert.equal(
    verdict?.title,
    'PID 41 "app" slept uninterruptibly for 125 s in command_wait(), and 1 more',
  )
  assert.ok(verdict)
  assert.deepEqual(
    [verdict.kind, verdict.confidence, verdict.culprit?.function],
    ['hung-task', 'certain', 'command_wait'],
  )
  const evidence = verdict.evidence.map(({ text }) => text)
  assert.ok(evidence.includes('PID 40 "early" has slept for 300 s in reply_wait()'))
})

test('without a log the longest sleeper is named', () => {
  const scene = sceneOf(hung({ app: sleeper(41, 125, ['command_wait', 'x']) }, []))
  const { verdict } = diagnose(scene)
  assert.equal(verdict?.title, 'PID 41 "app" slept uninterruptibly for 125 s in command_wait()')
})

test('who sleeps for a lock is not to blame', () => {
  const scene = sceneOf(
    hung({ app: sleeper(41, 125, ['mutex_lock', 'settings_show', 'x']) }, [said('app', 41), PANIC]),
  )
  const [finding] = hungTask.find(scene)
  assert.match(finding?.title ?? '', /in settings_show\(\)$/)
  assert.equal(finding?.culprit, null)
})

test('who waits for a disk is not to blame', () => {
  const frames = ['io_schedule', 'folio_wait_bit_common', 'file_fsync', 'x']
  const scene = sceneOf(hung({ app: sleeper(41, 125, frames) }, [said('app', 41), PANIC]))
  const [finding] = hungTask.find(scene)
  assert.match(finding?.title ?? '', /in file_fsync\(\)$/)
  assert.equal(finding?.culprit, null)
})

test('tasks that may be killed, that are idle, or that have run since, do not count', () => {
  const ran: SceneTask = {
    ...sleeper(43, 500, ['x_wait', 'x']),
    value: { nvcsw: 9, last_switch_count: 4 },
  }
  const scene = sceneOf(
    hung(
      {
        app: sleeper(41, 125, ['command_wait', 'x']),
        killable: sleeper(42, 500, ['y_wait', 'x'], 0x102),
        idle: sleeper(44, 500, ['z_wait', 'x'], 0x402),
        ran,
      },
      [said('app', 41), PANIC],
    ),
  )
  const [finding] = hungTask.find(scene)
  assert.match(finding?.title ?? '', /in command_wait\(\)$/)
})

test('one that was survived is told of as earlier, with what became of it', () => {
  const log = ['INFO: task app:41 blocked in I/O wait for more than 120 seconds.']
  const still = sceneOf(hung({ app: sleeper(41, 125, ['command_wait', 'x']) }, log))
  const [finding] = hungTask.find(still)
  assert.deepEqual(
    [finding?.role, finding?.title],
    ['earlier', 'PID 41 "app" had slept for more than 120 s, and still sleeps in command_wait()'],
  )
  const [gone] = hungTask.find(sceneOf(hung({}, log)))
  assert.match(gone?.title ?? '', /and is gone now$/)
})
