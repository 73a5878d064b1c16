// union and *: struct under other names.
import { defineClaims, recipeClaim, sameAsCrash, type Claim } from './claim.ts'
import { gdbLines } from './gdb_text.ts'
import assert from 'node:assert/strict'

const same = (line: string): Claim => sameAsCrash(line, { ours: gdbLines, theirs: gdbLines })

/** What reads user memory leaves crash unable to read the kernel's: nothing may come behind it in a session. */
const user = (line: string): Claim =>
  recipeClaim(
    line,
    'crash reads user memory for all lines that follow',
    ({ lines }) => assert.ok(lines.length > 1),
    { before: ['set 1'] },
  )

export const union = defineClaims([
  ...[
    ...['union sigval', 'union -o sigval', 'union -x -o sigval', 'union -r sigval init_task'],
    ...['union -c 2 sigval init_task', 'union -d sigval init_task', 'union sigval init_task'],
    ...['union -l sigval.sival_ptr sigval init_task'],
  ].map(same),
  recipeClaim(
    'union -p sigval.sival_ptr init_task',
    'crash says (unknown target type) of a void *',
    (ours) => assert.match(ours.lines[0] ?? '', /^ {2}void \*sival_ptr = 0x/),
  ),
  user('union -u sigval 400000'),
])
