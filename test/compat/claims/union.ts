// union: struct under another name.
import { defineClaims, recipeClaim } from './claim.ts'
import { readsUserMemory, sameAsGdb } from './gdb_text.ts'
import assert from 'node:assert/strict'

export const union = defineClaims([
  ...sameAsGdb([
    ...['union sigval', 'union -o sigval', 'union -x -o sigval', 'union -r sigval init_task'],
    ...['union -c 2 sigval init_task', 'union -d sigval init_task', 'union sigval init_task'],
    ...['union -l sigval.sival_ptr sigval init_task'],
  ]),
  recipeClaim(
    'union -p sigval.sival_ptr init_task',
    'crash says (unknown target type) of a void *',
    (ours) => assert.match(ours.lines[0] ?? '', /^ {2}void \*sival_ptr = 0x/),
  ),
  readsUserMemory('union -u sigval ADDRESS'),
])
