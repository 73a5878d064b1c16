// p: expressions of C.
import { defineClaims, replacing, sameAsCrash } from './claim.ts'
import { gdbLines, sameAsGdb } from './gdb_text.ts'

const GDB = { ours: gdbLines, theirs: gdbLines }

const nameless = (lines: readonly string[]): string[] => gdbLines(replacing(/ <.*?>/, '')(lines))
const NAMELESS = { ours: nameless, theirs: nameless }

export const p = defineClaims([
  ...sameAsGdb([
    ...['p jiffies', 'px jiffies', 'p &init_task', 'p init_task.comm'],
    ...['p sizeof(struct page)', 'p saved_command_line', 'p init_task.se.load', 'p nr_cpu_ids'],
    ...['p super_blocks', 'p system_state', 'p init_task.cpus_mask', 'p &schedule'],
    ...['p -d jiffies', 'pd jiffies', 'p -x init_task.flags', 'p runqueues'],
  ]),
  sameAsCrash('p -u 0x400000', GDB),
  // Of the symbols at one address crash takes another.
  sameAsCrash('p *modules.next', NAMELESS),
])
