// A kernel of two CPUs, their idle tasks, one process of two threads and one kernel thread: enough for the commands that
// walk tasks. CPU 1 panicked in 'worker'. Struct layouts are those of Linux 6.1, members few.
import { buildKernel, type BuiltKernel, type KernelRecipe } from './kernel_recipe.ts'

const TYPES = `
  typedef unsigned int u32; typedef unsigned long long u64; typedef unsigned char u8; typedef int pid_t;
  typedef struct { int counter; } atomic_t;
  struct list_head { struct list_head *next, *prev; };
  struct thread_info { unsigned long flags; u32 status; u32 cpu; };
  struct mm_struct { unsigned long total_vm; void *pgd; };
  struct signal_struct { atomic_t live; struct list_head thread_head; };
  enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_MAX };
  struct task_struct {
    struct thread_info thread_info; unsigned int __state; void *stack; unsigned int flags;
    struct list_head tasks; struct mm_struct *mm; int exit_state;
    unsigned in_iowait : 1; unsigned in_execve : 1;
    pid_t pid; pid_t tgid; struct task_struct *group_leader; struct list_head thread_node;
    char comm[16]; struct signal_struct *signal; u8 key[4]; u64 utime;
    union { int rcu_users; struct { u8 locked; u8 pending; }; };
    int (*function)(void *);
  };
  struct rq { unsigned int nr_running; struct task_struct *curr, *idle; };
  percpu struct rq runqueues;
  percpu struct task_struct *current_task;
  void schedule(void);
  long do_work(struct task_struct *task, const char *name);
`

const KTHREAD = 0x0020_0000

const task = (
  pid: number,
  comm: string,
  more: object = {},
): readonly ['struct task_struct', object] => [
  'struct task_struct',
  { pid, tgid: pid, comm, ...more },
]

/** The recipe, for tests that change it. */
export const SMALL_KERNEL: KernelRecipe = {
  types: TYPES,
  functions: { schedule: 0x100, do_work: 0x80, panic: 0x200 },
  variables: {
    init_task: [
      'struct task_struct',
      { comm: 'swapper/0', flags: KTHREAD, signal: '&init_signals' },
    ],
    init_signals: ['struct signal_struct'],
    jiffies: ['unsigned long', 4_294_900_225n],
    panic_cpu: ['int', 1],
    saved_command_line: ['char *', 'quiet splash'],
    mystery: ['int [4]', [15, 4, 1, 7]],
  },
  objects: {
    idle1: ['struct task_struct', { comm: 'swapper/1', flags: KTHREAD, thread_info: { cpu: 1 } }],
    kthreadd: [
      'struct task_struct',
      {
        ...task(2, 'kthreadd')[1],
        flags: KTHREAD,
        __state: 1,
        group_leader: '&kthreadd',
        signal: '&kthreadd_signal',
      },
    ],
    kthreadd_signal: ['struct signal_struct'],
    app: [
      'struct task_struct',
      {
        ...task(100, 'app')[1],
        __state: 1,
        mm: '&app_mm',
        group_leader: '&app',
        signal: '&app_signal',
      },
    ],
    worker: [
      'struct task_struct',
      {
        pid: 101,
        tgid: 100,
        comm: 'worker',
        mm: '&app_mm',
        group_leader: '&app',
        signal: '&app_signal',
        thread_info: { cpu: 1 },
        in_execve: 1,
        key: [0x41, 0, 0xff, 0x31],
        function: '&do_work',
      },
    ],
    app_signal: ['struct signal_struct', { live: { counter: 2 } }],
    app_mm: ['struct mm_struct', { total_vm: 565 }],
  },
  cpus: [
    {
      runqueues: { nr_running: 0, curr: '&init_task', idle: '&init_task' },
      current_task: '&init_task',
    },
    { runqueues: { nr_running: 1, curr: '&worker', idle: '&idle1' }, current_task: '&worker' },
  ],
  lists: {
    'init_task.tasks': ['kthreadd.tasks', 'app.tasks'],
    'init_signals.thread_head': ['init_task.thread_node'],
    'kthreadd_signal.thread_head': ['kthreadd.thread_node'],
    'app_signal.thread_head': ['app.thread_node', 'worker.thread_node'],
  },
}

/** Build it, with changes to the recipe's parts. */
export function smallKernel(changes: Partial<KernelRecipe> = {}): BuiltKernel {
  return buildKernel({
    ...SMALL_KERNEL,
    ...changes,
    variables: { ...SMALL_KERNEL.variables, ...changes.variables },
    objects: { ...SMALL_KERNEL.objects, ...changes.objects },
  })
}
