// set: the current task and the session's variables.
import assert from 'node:assert/strict'
import { VARIABLES } from '../../../src/core/crash/variables.ts'
import { crashClaim, defineClaims, recipeClaim, replacing, sameAsCrash } from './claim.ts'

/** crash leaves out bits of the state that it does not know. */
const STATE = replacing(/\|TASK_FREEZABLE/, '')
const EDITS = { ours: STATE, theirs: STATE }
/** Settings of its own terminal and files, which differ. */
const OWN = /^ *(scroll|silent|edit|namelist|dumpfile|unwind):/

const plain = (lines: readonly string[]): string[] =>
  lines.filter((line) => !OWN.test(line)).map((line) => line.trim())

export const set = defineClaims([
  sameAsCrash('set'),
  sameAsCrash('set 1', EDITS),
  sameAsCrash('set -p', EDITS),
  crashClaim('set -v', ({ lines }, theirs) => {
    assert.deepEqual(plain(lines), plain(theirs))
    assert.deepEqual(
      lines.map((line) => line.trim().split(':')[0]),
      VARIABLES.map(({ name }) => name),
    )
  }),
  recipeClaim('set -c 0', 'crash shows nothing when the CPU is chosen in a script', ({ lines }) =>
    assert.match(lines.join('\n'), /^ *CPU: 0$/m),
  ),
  recipeClaim(
    'set -a 1',
    'crash believes it for all of its session, and so would every claim',
    (ours) =>
      assert.match(
        ours.lines[0] ?? '',
        /^"\S+" task [\da-f]{16} has been marked as the active task on cpu \d+$/,
      ),
  ),
])
