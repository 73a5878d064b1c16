// list: addresses of a list's entries, and what they are.
import assert from 'node:assert/strict'
import { forEachModule } from '../../../src/core/kernel/module.ts'
import type { Program } from '../../../src/core/program/program.ts'
import { defineClaims, drgnClaim, recipeClaim, replacing, sameAsCrash } from './claim.ts'
import { gdbLines } from './gdb_text.ts'

/** Modules share names: crash takes one of the symbols at an address, kbox another. */
const plain = (lines: readonly string[]): string[] =>
  gdbLines(replacing(/ <[\w+.]+>(,?)$/, '$1')(lines))
const GDB = { ours: plain, theirs: plain }
const hex = (program: Program, symbol: string): string => program.symbol(symbol).toString(16)

/** The list_head of the last module: a place inside of the list. */
const lastModule = (program: Program): bigint => {
  const module = [...forEachModule(program)].at(-1)
  assert.ok(module)
  return module.get('list').address
}

export const list = defineClaims([
  ...[
    'list modules',
    'list -B modules',
    'list -r modules',
    'list -H modules module.list',
    'list -H modules -o module.list -r',
    'list -r -B -H modules',
    'list 8 -H modules -s module.state',
    'list task_struct.tasks -h init_task',
    'list task_struct.tasks -h init_task -r',
    'list -o task_struct.sibling -O task_struct.children -h init_task',
    'list -H super_blocks super_block.s_list -s super_block.s_id,s_flags -r',
    'list -H super_blocks super_block.s_list -s super_block.s_flags -x',
    'list -H super_blocks super_block.s_list -s super_block.s_flags -d',
    'list super_block.s_list -H super_blocks -s super_block.s_id -B',
    'list task_struct.real_parent init_task',
    'list (init_task+8)',
    // crash prints the name of whatever lies at a bare number's value; -S of a pointer behind a dot as a number.
    'list -H modules module.list -S module.name,state,refcnt,args,taints -x',
    'list -H modules module.list -S module.name,state,refcnt,args,taints',
    'list -H modules module.list -s list_head',
  ].map((line) => sameAsCrash(line, GDB)),
  sameAsCrash(
    (program) =>
      `list ${hex(program, 'modules')} -l module.list -s module.name -e ${lastModule(program).toString(16)}`,
    GDB,
    { shows: 'list ADDRESS -l module.list -s module.name -e ADDRESS' },
  ),
  sameAsCrash(
    (program) => `list -H ${hex(program, 'modules')} -e ${lastModule(program).toString(16)}`,
    {},
    { shows: 'list -H ADDRESS -e ADDRESS' },
  ),
  sameAsCrash(
    'list -h init_task',
    {
      ours: replacing(
        /cannot read virtual address 0x([\da-f]+): .*/,
        'invalid kernel virtual address: $1  type: "list entry"',
      ),
    },
    { refused: true },
  ),
  drgnClaim(
    'list -H init_task.tasks task_struct.tasks -S task_struct.pid',
    'result = [str(t.pid.value_()) for t in list_for_each_entry("struct task_struct", prog["init_task"].tasks.address_of_(), "tasks")]',
    ({ rows }, pids) =>
      assert.deepEqual(
        rows.map(({ pid }) => pid),
        pids,
      ),
  ),
  recipeClaim(
    'list -l task_struct.tasks -s task_struct.comm init_task.tasks',
    'crash takes no expression that is not in parentheses',
    ({ lines }) => assert.ok(lines.length > 20 && lines[1]?.includes('swapper/0')),
  ),
])
