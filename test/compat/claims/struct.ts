// struct: definitions and objects, as gdb prints them from DWARF.
import assert from 'node:assert/strict'
import { readUserMemory, taskMm } from '../../../src/core/kernel/mm.ts'
import { getTask } from './task_address.ts'
import { presentPage } from './user_truth.ts'
import { defineClaims, recipeClaim } from './claim.ts'
import { sameAsGdb } from './gdb_text.ts'

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

export const struct = defineClaims([
  ...sameAsGdb([
    ...STRUCTS.flatMap((name) => [`struct ${name}`, `struct -o ${name}`, `struct -x -o ${name}`]),
    ...OBJECTS.flatMap((object) => [`struct ${object}`, `struct -x ${object}`]),
    ...['struct list_head init_task 3', 'struct -o list_head init_task'],
    ...['struct -r list_head init_task', 'struct -c -2 list_head init_task'],
    ...['struct rq.nr_running,cpu runqueues:a', 'pid_type', 'atomic_t', 'pid_t'],
    'struct -l task_struct.tasks task_struct.pid init_task',
    ...['struct -d list_head init_task', 'struct -p list_head.next super_blocks'],
  ]),
  recipeClaim(
    (program) => `struct -u list_head ${presentPage(program, 1).toString(16)}`,
    'crash reads user memory for all lines that follow',
    ({ lines, program }) => {
      const mm = taskMm(getTask(program, 1))
      assert.ok(mm)
      const word = new DataView(readUserMemory(mm, presentPage(program, 1), 8).buffer).getBigUint64(
        0,
        true,
      )
      assert.match(lines.join(' '), new RegExp(`next = 0x0*${word.toString(16)},`))
    },
    { before: ['set 1'], shows: 'struct -u list_head ADDRESS' },
  ),
])
