// Types, objects, memory and symbols as text against crash 9's, which has them from DWARF: definitions of structs, every
// task's task_struct, well-known variables, words of memory. Lines where kbox rightly says more are brought down to
// what crash says.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderText } from '../../src/cli/render_text.ts'
import { COMMANDS } from '../../src/core/crash/commands.ts'
import { parseLine } from '../../src/core/crash/parse_line.ts'
import { runWords } from '../../src/core/crash/run_command.ts'
import { Session } from '../../src/core/crash/session.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { findCrashOracle, runCrash } from '../support/crash_oracle.ts'

const STRUCTS = [
  ...['task_struct', 'list_head', 'page', 'mm_struct', 'file', 'inode', 'dentry', 'super_block'],
  ...['net_device', 'sock', 'sk_buff', 'request_queue', 'module', 'kobject', 'qspinlock', 'rq'],
  ...['file_operations', 'inode_operations', 'sched_class', 'perf_event_attr', 'bpf_insn', 'zone'],
  ...['signal_struct', 'cred', 'pid', 'vm_area_struct', 'work_struct', 'timer_list', 'irq_desc'],
]

/** Objects that lie at symbols. */
const OBJECTS = [
  ...['task_struct init_task', 'mm_struct init_mm', 'net init_net', 'cred init_cred'],
  ...['user_namespace init_user_ns', 'pid_namespace init_pid_ns', 'uts_namespace init_uts_ns'],
  ...['task_group root_task_group', 'file_operations ext4_file_operations'],
  ...['list_head modules', 'resource iomem_resource', 'rcu_state rcu_state'],
]

const COMMANDS_SAME: readonly string[] = [
  ...STRUCTS.flatMap((name) => [`struct ${name}`, `struct -o ${name}`, `struct -x -o ${name}`]),
  ...OBJECTS.flatMap((object) => [`struct ${object}`, `struct -x ${object}`]),
  ...['p jiffies', 'px jiffies', 'p &init_task', 'p init_task.comm', 'p *modules.next'],
  ...['p sizeof(struct page)', 'p saved_command_line', 'p init_task.se.load', 'p nr_cpu_ids'],
  ...['p super_blocks', 'p system_state', 'p init_task.cpus_mask', 'p &schedule'],
  ...[
    'struct list_head init_task 3',
    'struct -o list_head init_task',
    'struct -r list_head init_task',
  ],
  ...['struct -c -2 list_head init_task', 'struct rq.nr_running,cpu runqueues:a'],
  ...['struct -l task_struct.tasks task_struct.pid init_task', 'pid_type', 'atomic_t', 'pid_t'],
  ...[
    'rd linux_banner 10',
    'rd -8 linux_banner 20',
    'rd -16 linux_banner 20',
    'rd -32 init_task 9',
  ],
  ...['rd -d init_task 9', 'rd -D init_task 9', 'rd -x init_task 4', 'rd -d -8 linux_banner 20'],
  ...['rd -D -16 linux_banner 20', 'rd -D -32 init_task 9', 'rd -o 8 linux_banner 2'],
  ...['rd -R linux_banner 6', 'rd -s super_blocks 2', 'rd -p 100000 2'],
  ...[
    'sym init_task',
    'sym jiffies',
    'sym -q panic_on_oops',
    'whatis init_task',
    'whatis schedule',
  ],
  'foreach task',
  'foreach task -x',
  'foreach task -R pid,comm,flags,se.on_rq',
]

for (const series of ['6.1', '6.12']) {
  const oracle = findCrashOracle(series)
  const reason = typeof oracle === 'string' ? oracle : false

  describe(`types and objects of ${series} as text`, { skip: reason }, () => {
    if (typeof oracle === 'string') return
    const theirs = runCrash(oracle, COMMANDS_SAME)
    const session = new Session(openKernel(openFileSource(oracle.vmcore)), COMMANDS)
    for (const command of COMMANDS_SAME) {
      test(`${command} prints what crash prints`, () => {
        const ours = run(session, command)
        const wanted = plain(theirs.get(command) ?? '')
        if (command.startsWith('foreach')) assert.deepEqual(byTask(ours), byTask(wanted))
        else assert.deepEqual(ours, wanted)
      })
    }
  })
}

function run(session: Session, command: string): string[] {
  const line = parseLine(command)
  if (line.kind !== 'command') throw new Error(`${command} is no command`)
  return plain([...renderText(runWords(session, line.words))].join('\n'))
}

/** Lines without what differs for a reason that is known. */
function plain(text: string): string[] {
  return text
    .replace(/\$\d+ = \n? ?/g, '$N = ')
    .split('\n')
    .map((line) => plainLine(line.trimEnd()))
    .filter((line) => line !== '')
}

function plainLine(line: string): string {
  return (
    line
      // init_stack is a symbol without size, which gdb passes over.
      .replace(' <init_stack>', '')
      // crash leaves the members of named anonymous structs without offset.
      .replace(/^ +\[(?:0x)?[\da-f]+\]( +)(?=\w.*;$)/, (all, space: string) =>
        space.length > 1 ? space : all,
      )
      // BTF has neither the dimensions of an array of arrays nor [0] apart from [].
      .replace(/((?:\[\d+\]){2,});$/, (_, dimensions: string) => `[${product(dimensions)}];`)
      .replace(/\[0\];$/, '[];')
      // The file and line of text symbols are DWARF's.
      .replace(/^([\da-f]{16} \([tT]\) \S+) \S+: \d+$/, '$1')
      .trim()
  )
}

const product = (dimensions: string): number =>
  (dimensions.match(/\d+/g) ?? []).reduce((total, length) => total * Number(length), 1)

/** Lines below the heading of each task; tasks are listed in another order. */
function byTask(lines: readonly string[]): Record<string, string[]> {
  const tasks: Record<string, string[]> = {}
  let heading = ''
  for (const line of lines) {
    if (line.startsWith('PID: ')) heading = line
    else (tasks[heading] ??= []).push(line)
  }
  return tasks
}
