// bt: frames against crash and drgn, words and registers against crash.
import assert from 'node:assert/strict'
import { findTask } from '../../../src/core/kernel/sched.ts'
import { stackTrace } from '../../../src/core/kernel/stack.ts'
import type { Program } from '../../../src/core/program/program.ts'
import type { StackFrame } from '../../../src/core/program/stack_trace.ts'
import { crashClaim, defineClaims, drgnClaim, recipeClaim, type Claim } from './claim.ts'

/** Of two names of one address either is right, and crash leaves out what the compiler named a clone. */
const plain = (line: string): string => line.replace(/\.(?:part|isra|constprop)\.\d+/g, '')

const same = (line: string): Claim =>
  crashClaim(line, ({ lines }, theirs) => {
    assert.ok(theirs.length > 1, 'crash prints nothing')
    assert.deepEqual(lines.map(plain), theirs.map(plain))
  })

/** crash looks for machine_kexec() on the stack; the registers that were saved are of a frame below. */
const fromPanic = (lines: readonly string[]): string[] => {
  const at = lines.findIndex((line) => / panic(?:\+\w+)? at /.test(line))
  return lines.slice(Math.max(0, at)).map((line) =>
    plain(line)
      .replace(/^ *#\d+ /, '# ')
      .replace(/ {2}\((?:validated|guess)\)$/, ''),
  )
}

const samePanic = (line: string): Claim =>
  crashClaim(line, ({ lines }, theirs) => {
    assert.equal(lines[0], theirs[0])
    assert.ok(fromPanic(theirs).length > 8, 'crash finds no frames')
    assert.deepEqual(fromPanic(lines), fromPanic(theirs))
  })

const FRAMES = `
task = find_task(prog, %PID%)
frames = []
for frame in prog.stack_trace(task):
    if frame.pc >= 1 << 63 and (not frames or frames[-1] != str(frame.pc)):
        frames.append(str(frame.pc))
result = frames`

/** Instruction pointers of frames are drgn's. */
const likeDrgn = (line: string, pid: number): Claim =>
  drgnClaim(line, FRAMES.replace('%PID%', `${pid}`), ({ rows }, theirs: readonly string[]) => {
    const ours = rows.flatMap(({ ip }) =>
      ip === undefined ? [] : [String(BigInt(`0x${String(ip).replace(/^0x/, '')}`))],
    )
    assert.deepEqual(ours, theirs)
  })

/** What process 1 sleeps in. */
function firstSleep(program: Program): readonly StackFrame[] {
  const task = findTask(program, 1)
  assert.ok(task)
  return stackTrace(program, task).frames
}

export const bt = defineClaims([
  ...[
    'bt 1',
    'bt 2',
    'bt 1 2',
    'bt -s 1',
    'bt -sx 1',
    'bt -sd 2',
    'bt -f 1',
    'bt -f 2',
    'bt -F 1',
    'bt -FF 1',
  ].map(same),
  ...[
    'bt -F 2',
    'bt -t 1',
    'bt -T 1',
    'bt -t 2',
    'bt -r 1',
    'bt -g 1',
    'bt -e',
    'bt -e 1',
    'bt -R schedule 1',
  ].map(same),
  crashClaim('bt -E', ({ lines }, theirs) => {
    const stacks = (text: readonly string[]): Map<string, string> => {
      const found = text.join('\n').split(/^(?=CPU \d+ .* STACK:$)/m)
      return new Map(found.map((each) => [each.split('\n')[0] ?? '', each.trimEnd()]))
    }
    const ours = stacks(lines)
    // crash 9.0.2 leaves out the stacks of machine checks on 6.1.
    for (const [heading, text] of stacks(theirs)) assert.equal(ours.get(heading), text)
    assert.ok(ours.size >= theirs.filter((line) => line.endsWith('STACK:')).length)
  }),
  samePanic('bt'),
  samePanic('bt -p'),
  samePanic('bt -s'),
  likeDrgn('bt 1', 1),
  likeDrgn('bt 2', 2),
  crashClaim('bt -a', ({ lines }, theirs) => {
    const headings = (text: readonly string[]): string[] =>
      text.filter((line) => line.startsWith('PID:'))
    assert.ok(headings(theirs).length > 0)
    assert.deepEqual(headings(lines), headings(theirs))
  }),
  crashClaim('bt -a -n idle', ({ lines }, theirs) => {
    const tasks = (text: readonly string[]): string[] =>
      text.filter((line) => line.startsWith('PID:') && !line.includes('COMMAND: "swapper'))
    // crash 9.0.2 prints the headings of idle tasks it left out on some kernels.
    assert.deepEqual(tasks(lines), tasks(theirs))
    assert.ok(!lines.some((line) => line.includes('"swapper')))
  }),
  crashClaim('bt -c 0', ({ lines }, theirs) => assert.equal(lines[0], theirs[0])),
  crashClaim('bt -v', ({ lines }, theirs) => assert.equal(lines.at(-1), theirs.at(-1))),
  crashClaim('bt -R no_such_symbol 1', ({ lines }, theirs) => assert.deepEqual(lines, theirs)),
  crashClaim('bt -l 1', ({ lines }, theirs) => {
    const isFrame = (line: string): boolean => /^ *#/.test(line)
    assert.deepEqual(lines.filter(isFrame).map(plain), theirs.filter(isFrame).map(plain))
    // crash's line is that of an inlined function too; ours is the file of the function itself.
    let compared = 0
    lines.forEach((line, i) => {
      const file = /^ {4}([\w/.-]+\.[cS]) \(/.exec(line)?.[1]
      if (file === undefined) return
      const frame = lines.slice(0, i).findLast(isFrame)
      const their = theirs[theirs.indexOf(frame ?? '') + 1] ?? ''
      if (their.includes('/include/')) return
      assert.ok(their.includes(`/${file}: `), `${frame}: ${file}, in crash ${their}`)
      compared++
    })
    assert.ok(compared > 0)
  }),
  crashClaim('bt -o 1', ({ lines }, theirs) => {
    // crash's own list is that of return addresses; where ours has a frame of the trace it is not marked.
    const slots = (text: readonly string[]): string[] =>
      text.flatMap((line) => /^ *#\d+ \[(\w+)\]/.exec(line)?.[1] ?? [])
    assert.deepEqual(slots(lines), slots(theirs))
    assert.ok(lines.some((line) => line.endsWith('(guess)')))
  }),
  recipeClaim(
    'bt -I schedule+10 -S init_stack 1',
    'a start that is given is where the trace starts, wherever it leads',
    ({ rows }) => assert.match(String(rows[0]?.function), /^schedule$/),
  ),
  recipeClaim(
    (program) => `bt -S ${firstSleep(program)[1]?.sp.toString(16)} 1`,
    'from the slot of a return address the trace is the rest of the whole one',
    ({ rows, program }) => {
      const rest = firstSleep(program).slice(1)
      assert.ok(rest.length > 3)
      assert.deepEqual(
        rows.filter(({ function: name }) => name !== undefined).map(({ sp }) => BigInt(sp)),
        rest.map(({ sp }) => sp),
      )
    },
    { shows: 'bt -S SLOT 1' },
  ),
  recipeClaim('bt -O', 'stale frames are never the default: crash changes a setting', ({ lines }) =>
    assert.match(lines[0] ?? '', /^bt: not supported: -O/),
  ),
])
