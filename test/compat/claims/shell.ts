// Commands of the shell itself: alias, exit, help, repeat, extend, rustfilt, and the refused ones.
import assert from 'node:assert/strict'
import { COMMANDS } from '../../../src/core/crash/commands.ts'
import { crashClaim, defineClaims, recipeClaim, sameAsCrash } from './claim.ts'
import { gdbLines } from './gdb_text.ts'

export const alias = defineClaims([
  crashClaim('alias', ({ lines }, theirs) => {
    const pairs = (all: readonly string[]): string[] =>
      all.map((line) => line.trim().split(/\s+/).join(' ')).filter((line) => /^builtin/.test(line))
    const ours = pairs(lines)
    assert.ok(theirs.length > 10)
    // quit is a command of its own name here.
    const wanted = pairs(theirs).map((line) => line.replace('quit q', 'quit exit'))
    assert.deepEqual(
      wanted.filter((line) => !ours.includes(line)),
      [],
    )
  }),
])

export const exit = defineClaims([
  recipeClaim('exit', 'a session that has ended prints nothing', ({ lines }) =>
    assert.deepEqual(lines, []),
  ),
])

export const help = defineClaims([
  recipeClaim('help', 'the list is that of our own commands', ({ rows }) =>
    assert.deepEqual(
      rows.map(({ command }) => command).sort(),
      COMMANDS.map(({ name }) => name).sort(),
    ),
  ),
  recipeClaim('help -a', 'every page is our own', ({ lines }) =>
    assert.equal(lines.filter((line) => line === 'NAME').length, COMMANDS.length),
  ),
])

export const repeat = defineClaims([
  recipeClaim('repeat -1 p jiffies', 'crash goes on until Ctrl-C', ({ lines }) =>
    assert.match(lines.join('\n'), /^jiffies = \$1 = \d+$/),
  ),
  recipeClaim('repeat p jiffies', 'crash goes on until Ctrl-C', ({ lines }) =>
    assert.equal(lines.length, 1),
  ),
])

export const extend = defineClaims([
  recipeClaim('extend', 'crash loads objects of its own only', ({ lines }) =>
    assert.deepEqual(lines, ['no extensions loaded']),
  ),
  recipeClaim('extend -u', 'as without', ({ lines }) => assert.deepEqual(lines, [])),
  recipeClaim('extend -s', 'a test has no folders that are searched', ({ lines }) =>
    assert.deepEqual(lines, ['extend: not supported: loading modules here']),
  ),
])

export const rustfilt = defineClaims([
  sameAsCrash('rustfilt _RNvNtCshc5sK6KjdJJ_6kernel5print11call_printk', {
    ours: gdbLines,
    theirs: gdbLines,
  }),
  sameAsCrash('rustfilt _RNvMNtCs5_4core3numl3abs'),
])
