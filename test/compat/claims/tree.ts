// tree: entries of rbtrees, XArrays and maple trees.
import assert from 'node:assert/strict'
import { getTask } from './task_address.ts'
import { defineClaims, drgnClaim, recipeClaim, replacing, sameAsCrash } from './claim.ts'
import { gdbLines } from './gdb_text.ts'

/** Entries of a maple tree are addresses; crash prints them in the output radix, in decimal therefore. */
const hexEntries = (lines: readonly string[]): string[] =>
  lines.map((line) =>
    line
      .replace(/^(\d{19,20})$/, (_, number: string) => BigInt(number).toString(16))
      .replace(
        /^( *\d+(?:-\d+)?: )(\d+)$/,
        (_, range: string, number: string) => `${range}0x${BigInt(number).toString(16)}`,
      ),
  )
/** crash names what lies at a bare number's value too, and leaves the names of some symbols away. */
const bare = (lines: readonly string[]): string[] =>
  gdbLines(replacing(/ <[\w+.]+>(,?)$/, '$1')(lines))
const GDB = { ours: bare, theirs: bare }
const noCommas = replacing(/,$/, '')
/** Members below entries of maple trees end without a comma in crash. */
const MAPLE = {
  ours: (lines: readonly string[]) => noCommas(gdbLines(lines)),
  theirs: (lines: readonly string[]) => hexEntries(noCommas(gdbLines(lines))),
}
const shows = (line: string): { shows: string } => ({ shows: line })
/** Since v6.1. */
const maple = (line: string): { shows: string; needs: string } => ({
  shows: line,
  needs: 'struct maple_tree',
})

export const tree = defineClaims([
  ...[
    'tree -t rbtree -o vmap_area.rb_node free_vmap_area_root',
    'tree -t rb -o vmap_area.rb_node free_vmap_area_root -p -s vmap_area.va_start,va_end -x',
    'tree -l -o vmap_area.rb_node free_vmap_area_root -S vmap_area.va_start,va_end -p',
    'tree -o 16 free_vmap_area_root -s vmap_area',
    'tree -d -o vmap_area.rb_node -s vmap_area.va_start free_vmap_area_root',
    'tree free_vmap_area_root',
    'tree -t xarray init_pid_ns',
    'tree -t x -r pid_namespace.idr init_pid_ns -p',
    'tree -t x -r 0 -p init_pid_ns -S pid.level',
  ].map((line) => sameAsCrash(line, GDB)),
  ...['', ' -p', ' -v', ' -x -v', ' -p -s vm_area_struct.vm_start,vm_end'].map((rest) =>
    sameAsCrash(
      (program) =>
        `tree -t maple -r mm_struct.mm_mt ${getTask(program, 1).pointer('mm').toString(16)}${rest}`,
      MAPLE,
      maple(`tree -t maple -r mm_struct.mm_mt ADDRESS${rest}`),
    ),
  ),
  ...[' -p', ' -v'].map((rest) =>
    sameAsCrash(
      (program) =>
        `tree -t m -N ${getTask(program, 1).pointer('mm.mm_mt.ma_root').toString(16)}${rest}`,
      MAPLE,
      maple(`tree -t m -N NODE${rest}`),
    ),
  ),
  sameAsCrash(
    (program) =>
      `tree -t x -N ${program.object('init_pid_ns').pointer('idr.idr_rt.xa_head').toString(16)} -p`,
    {},
    shows('tree -t x -N NODE -p'),
  ),
  sameAsCrash(
    (program) =>
      `tree -N ${program.object('free_vmap_area_root', 'struct rb_root').pointer().toString(16)} -p`,
    {},
    shows('tree -N NODE -p'),
  ),
  recipeClaim(
    'tree -t radix init_pid_ns',
    'crash refuses radix trees of kernels since 4.20, which are XArrays',
    ({ rows }) => assert.ok(rows.length > 20),
    { except: { '5.10': 'its struct pid_namespace does not begin with the tree' } },
  ),
  drgnClaim(
    'tree -t x init_pid_ns.idr.idr_rt -p',
    'result = [[i, hex(e.value_())] for i, e in xa_for_each(prog["init_pid_ns"].idr.idr_rt.address_of_())]',
    ({ rows }, entries) =>
      assert.deepEqual(
        rows.map(({ index, address }) => [index, address]),
        entries,
      ),
  ),
  drgnClaim(
    (program) => `tree -t m -r mm_struct.mm_mt ${getTask(program, 1).pointer('mm').toString(16)}`,
    'result = [hex(e.value_()) for _, _, e in mt_for_each(find_task(prog, 1).mm.mm_mt.address_of_())]',
    ({ rows }, entries) =>
      assert.deepEqual(
        rows.map(({ address }) => address),
        entries,
      ),
    maple('tree -t m -r mm_struct.mm_mt ADDRESS'),
  ),
])
