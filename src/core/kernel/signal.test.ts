// A task with a handler, a blocked signal and a queue; one that has exited.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../test/support/kernel_recipe.ts'
import {
  forEachPendingSignal,
  forEachSigAction,
  hasUnblockedSignal,
  queuedSignal,
  sigActionFlagNames,
  signalName,
  signalNames,
  signalsOf,
  sigset,
} from './signal.ts'
import type { Task } from './sched.ts'

const TYPES = `
  struct list_head { struct list_head *next, *prev; };
  typedef struct { unsigned long sig[1]; } sigset_t;
  struct sigaction { void *sa_handler; unsigned long sa_flags; void *sa_restorer; sigset_t sa_mask; };
  struct k_sigaction { struct sigaction sa; };
  struct sighand_struct { int count; struct k_sigaction action[64]; };
  struct sigpending { struct list_head list; sigset_t signal; };
  typedef struct { int si_signo; int si_code; } kernel_siginfo_t;
  struct sigqueue { struct list_head list; int flags; kernel_siginfo_t info; };
  struct signal_struct { struct sigpending shared_pending; int nr_threads; };
  struct task_struct { struct sighand_struct *sighand; struct signal_struct *signal; sigset_t blocked;
    struct sigpending pending; };`

const { program, addressOf } = buildKernel({
  types: TYPES,
  objects: {
    sighand: [
      'struct sighand_struct',
      {
        'action[9]': {
          sa: { sa_handler: 0x1234, sa_flags: 0x1400_0004n, sa_mask: { sig: [0x200] } },
        },
      },
    ],
    signal: ['struct signal_struct', { shared_pending: { signal: { sig: [0x1_0000] } } }],
    task: [
      'struct task_struct',
      {
        sighand: '&sighand',
        signal: '&signal',
        blocked: { sig: [0x200] },
        pending: { signal: { sig: [0x200] } },
      },
    ],
    gone: ['struct task_struct', { pending: { signal: { sig: [0] } } }],
    first: ['struct sigqueue', { info: { si_signo: 10 } }],
    second: ['struct sigqueue', { info: { si_signo: 10 } }],
  },
  lists: {
    'task.pending.list': ['first.list', 'second.list'],
    'signal.shared_pending.list': [],
  },
})
const taskOf = (name: string): Task =>
  program.objectAt<'task_struct'>('struct task_struct', addressOf(name))

test('signals have their names from both ends of the real-time range', () => {
  assert.deepEqual([1, 6, 31, 32, 48, 49, 64].map(signalName), [
    ...['SIGHUP', 'SIGABRT', 'SIGSYS', 'SIGRTMIN', 'SIGRTMIN+16', 'SIGRTMAX-15', 'SIGRTMAX'],
  ])
  assert.equal(signalNames(17), 'SIGCHLD/SIGCLD')
  assert.deepEqual(signalsOf(0x8000_0000_0000_0201n), [1, 10, 64])
})

test('what a task does about each signal is told', () => {
  const actions = [...forEachSigAction(taskOf('task'))]
  assert.equal(actions.length, 64)
  assert.deepEqual(actions[9], {
    signal: 10,
    address: addressOf('sighand.action[9]'),
    handler: 0x1234n,
    mask: 0x200n,
    flags: 0x1400_0004n,
  })
  assert.deepEqual(sigActionFlagNames(0x1400_0004n), ['SA_RESTORER', 'SA_SIGINFO', 'SA_RESTART'])
  assert.deepEqual([...forEachSigAction(taskOf('gone'))], [])
})

test('queued signals are listed, and one of the process that is not blocked counts', () => {
  const task = taskOf('task')
  assert.deepEqual(Array.from(forEachPendingSignal(task.get('pending')), queuedSignal), [10, 10])
  assert.equal(sigset(task.get('blocked')), 0x200n)
  assert.equal(hasUnblockedSignal(task), true)
  assert.equal(hasUnblockedSignal(taskOf('gone')), false)
})
