// Text of the state commands against crash 9's, line by line: what scripts parse. crash reads DWARF of a vmlinux, kbox
// the dump alone. Where kbox says more, the line is brought down to what crash says before they are compared.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderText } from '../../src/cli/render_text.ts'
import { COMMANDS } from '../../src/core/crash/commands.ts'
import { parseLine } from '../../src/core/crash/parse_line.ts'
import { runWords } from '../../src/core/crash/run_command.ts'
import { Session } from '../../src/core/crash/session.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { findCrashOracle, runCrash } from '../support/crash_oracle.ts'

/** Their lines must be ours, in their order. */
const SAME = [
  ...[
    'ps',
    'ps -k',
    'ps -u',
    'ps -G',
    'ps -s',
    'ps -A',
    'ps -H',
    'ps -S',
    'ps -us',
    'ps 1',
    'ps -y fifo,idle',
  ],
  ...[
    'ps -l',
    'ps -m',
    'ps -l -C all',
    'ps -m -C 0',
    'ps -p 1',
    'ps -c 1',
    'ps -c 2',
    'ps -g 1',
    'ps -t 1',
    'ps -r 1',
  ],
  ...['log -t', 'sys -t', 'mod -t', 'set', 'files 1'],
]

for (const series of ['6.1', '6.12']) {
  const oracle = findCrashOracle(series)
  const reason = typeof oracle === 'string' ? oracle : false

  describe(`text of the state commands on ${series}`, { skip: reason }, () => {
    if (typeof oracle === 'string') return
    const theirs = runCrash(oracle, [...SAME, 'mod', 'sys'])
    const session = new Session(openKernel(openFileSource(oracle.vmcore)), COMMANDS)
    for (const command of SAME) {
      test(`${command} prints what crash prints`, () => {
        assert.deepEqual(ourLines(session, command), plainLines(theirs.get(command) ?? ''))
      })
    }
    test('mod lists the same modules, at the same places', () => {
      const columns = (lines: string[]): string[] =>
        lines.map((line) => line.split(/ {2}\(/)[0] ?? '').slice(1)
      assert.deepEqual(
        columns(ourLines(session, 'mod')),
        columns(plainLines(theirs.get('mod') ?? '')),
      )
    })
    test('sys names the same machine', () => {
      const facts = (lines: string[]): string[] =>
        lines.filter((line) =>
          /^ *(CPUS|DATE|LOAD AVERAGE|TASKS|NODENAME|RELEASE|VERSION|MACHINE|MEMORY|PANIC):/.test(
            line,
          ),
        )
      assert.deepEqual(facts(ourLines(session, 'sys')), facts(plainLines(theirs.get('sys') ?? '')))
    })
  })
}

/**
 * Blank lines stand between tasks in both, but not at the same places. What crash 9.0.2 takes for the uptime of a 6.12
 * kernel is minutes off (crash's UPTIME 00:03:54, /proc/uptime 36 s): not compared.
 */
function plainLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !/^ *RUN TIME: /.test(line))
}

function ourLines(session: Session, command: string): string[] {
  const line = parseLine(command)
  if (line.kind !== 'command') throw new Error(`${command} is no command`)
  return plainLines([...renderText(runWords(session, line.words))].join('\n'))
}
