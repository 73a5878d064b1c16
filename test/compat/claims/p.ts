// p: expressions of C.
import { defineClaims } from './claim.ts'
import { sameAsGdb } from './gdb_text.ts'

export const p = defineClaims(
  sameAsGdb([
    ...['p jiffies', 'px jiffies', 'p &init_task', 'p init_task.comm', 'p *modules.next'],
    ...['p sizeof(struct page)', 'p saved_command_line', 'p init_task.se.load', 'p nr_cpu_ids'],
    ...['p super_blocks', 'p system_state', 'p init_task.cpus_mask', 'p &schedule'],
  ]),
)
