// Tasks that wait for each other, for a disk, or for nobody; found by the kernel's watch over hung tasks.
import type { FaultExpectation, FaultScenario } from '../scenarios.ts'

/** Who waits for five seconds is hung. */
export const HUNG = {
  'kernel.hung_task_panic': 1,
  'kernel.hung_task_timeout_secs': 5,
  'kernel.hung_task_check_interval_secs': 2,
}

/** Each name is written by a process of its own. */
const write = (...names: readonly string[]): string =>
  names.map((name) => `sh -c 'echo ${name} > /dev/lockstep' &`).join('\n')

function hang(
  name: string,
  run: string,
  expected: Partial<FaultExpectation> & Pick<FaultExpectation, 'kinds' | 'functions'>,
): FaultScenario {
  return {
    name,
    run,
    sysctls: HUNG,
    expected: { module: 'lockstep', words: [], ...expected },
  }
}

/** These scenarios. */
export const DEADLOCKS: readonly FaultScenario[] = [
  hang('mutex-order', write('routes', 'policies'), {
    kinds: ['deadlock'],
    functions: ['routes_update', 'policies_update'],
    words: ['routes_lock', 'policies_lock'],
  }),
  hang('mutex-order-heap', write('lane-out', 'lane-in'), {
    kinds: ['deadlock'],
    functions: ['lane_transfer'],
  }),
  hang('mutex-three', write('ingest', 'parse', 'store'), {
    kinds: ['deadlock'],
    functions: ['stage_forward'],
    words: ['ingest_lock', 'parse_lock', 'store_lock'],
  }),
  hang('rwsem-order', write('index', 'cache'), {
    kinds: ['deadlock'],
    functions: ['index_rebuild', 'cache_shrink'],
    words: ['index_sem', 'cache_sem'],
  }),
  hang('semaphore-order', write('job-start', 'job-reap'), {
    kinds: ['deadlock', 'hung-task'],
    functions: ['job_start', 'job_reap'],
    words: ['job_slots'],
  }),
  hang('rtmutex-order', write('fan', 'pump'), {
    kinds: ['deadlock'],
    functions: ['fan_adjust', 'pump_adjust'],
    words: ['fan_lock', 'pump_lock'],
  }),
  hang('mixed-order', write('volume-grow', 'volume-map'), {
    kinds: ['deadlock'],
    functions: ['volume_grow', 'volume_map'],
  }),
  hang('completion-lost', write('command'), {
    kinds: ['hung-task'],
    functions: ['command_submit_wait'],
  }),
  hang(
    'mutex-kept',
    `sh -c 'echo settings-store > /dev/lockstep; exec sleep 100003' &
sleep 0.5
${write('settings-show')}`,
    {
      kinds: ['hung-task'],
      functions: ['settings_show', 'settings_store'],
      words: ['settings_lock'],
    },
  ),
  hang(
    'work-stuck',
    `sh -c 'echo sync-start > /dev/lockstep'
sleep 0.3
${write('sync-wait')}`,
    {
      kinds: ['hung-task', 'workqueue-lockup'],
      functions: ['mirror_sync_work', 'mirror_sync_wait'],
    },
  ),
  hang(
    'io-lost',
    `sh -c 'echo stall > /dev/ramvault'
sh -c 'exec dd if=/dev/zero of=/dev/ramvault0 bs=4096 count=4 conv=fsync' &`,
    {
      kinds: ['stuck-io'],
      also: ['hung-task'],
      functions: ['vault_queue_rq'],
      module: 'ramvault',
      words: ['ramvault0'],
    },
  ),
  {
    sameBugAs: 'io-lost',
    ...hang(
      'io-lost-with-lock',
      `sh -c 'echo stall > /dev/ramvault'
sh -c 'echo checkpoint > /dev/ramvault' &
sleep 0.3
sh -c 'echo checkpoint > /dev/ramvault' &
sh -c 'echo checkpoint > /dev/ramvault' &`,
      {
        kinds: ['stuck-io'],
        also: ['hung-task'],
        functions: ['vault_queue_rq', 'vault_checkpoint', 'vault_write_superblock'],
        module: 'ramvault',
        words: ['checkpoint_lock'],
      },
    ),
  },
  hang(
    'frozen-files',
    `dd if=/dev/zero of=/tmp/volume bs=64k count=32 2>/dev/null
mke2fs -F /tmp/volume > /dev/null; mkdir -p /run/volume
mount -o loop -t ext4 /tmp/volume /run/volume && fsfreeze --freeze /run/volume
sh -c 'exec touch /run/volume/never' &`,
    {
      kinds: ['hung-task'],
      functions: [],
      module: '',
      words: ['touch'],
    },
  ),
]
