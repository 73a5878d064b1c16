// What differs between C text of gdb, which has it from DWARF, and ours from BTF, for a reason that is known.
import assert from 'node:assert/strict'
import { recipeClaim, sameAsCrash, type Claim } from './claim.ts'
import { presentPage } from './user_truth.ts'

/** Lines brought down to what both can say. */
export const gdbLines = (lines: readonly string[]): string[] =>
  lines
    .join('\n')
    .replace(/\$\d+ = \n? ?/g, '$N = ')
    .split('\n')
    .map(gdbLine)
    .filter((line) => line !== '')

/** Claim that lines print what crash does, gdb's manners aside. */
export const sameAsGdb = (lines: readonly string[]): Claim[] =>
  lines.map((line) => sameAsCrash(line, { ours: gdbLines, theirs: gdbLines }))

/** Lines below the heading of each task: tasks are listed in another order. */
export function byTask(lines: readonly string[]): Record<string, string[]> {
  const tasks: Record<string, string[]> = {}
  let heading = ''
  for (const line of lines) {
    if (line.startsWith('PID: ')) heading = line
    else (tasks[heading] ??= []).push(line)
  }
  return tasks
}

/** What reads user memory leaves crash unable to read the kernel's: nothing may come behind it in a session. */
export const readsUserMemory = (line: string): Claim =>
  recipeClaim(
    (program) => line.replace('ADDRESS', presentPage(program, 1).toString(16)),
    'crash reads user memory for all lines that follow',
    ({ lines }) => assert.ok(lines.length > 1),
    { before: ['set 1'], shows: line },
  )

function gdbLine(line: string): string {
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
      // The file and line of text symbols are DWARF's; kbox knows the file of some without.
      .replace(/^([\da-f]{16} \([tT]\) \S+) (?:\S+: \d+|\S+ \(line unknown\))$/, '$1')
      // Programs of BPF have names in a list of the kernel's, which crash does not read.
      .replace(/ <bpf_prog_\w+>/, '')
      .trim()
  )
}

const product = (dimensions: string): number =>
  (dimensions.match(/\d+/g) ?? []).reduce((total, length) => total * Number(length), 1)
