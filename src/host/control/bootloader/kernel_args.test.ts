// Command lines, shell files and differences as texts: what is changed, and that nothing else is.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { changeArgs, findArg, findArgs } from './kernel_args.ts'
import { compareNewestFirst } from './kernel_path.ts'
import { unifiedDiff } from './line_diff.ts'
import { changeAssignments, evaluateVariable, findAssignments } from './shell_assignment.ts'

/** `${NAME}`, as a shell has it. */
const braced = (name: string): string => `\${${name}}`
const set = (...values: string[]) => [{ key: 'crashkernel', values }]

test('a parameter is put in the place of its last, the others go', () => {
  const cases = [
    ['', ['256M'], 'crashkernel=256M'],
    ['ro quiet', ['256M'], 'ro quiet crashkernel=256M'],
    ['ro quiet\n', ['256M'], 'ro quiet crashkernel=256M\n'],
    ['ro crashkernel=auto quiet', ['256M'], 'ro crashkernel=256M quiet'],
    ['crashkernel=1M ro crashkernel=2M,high  quiet', ['3M'], 'ro crashkernel=3M  quiet'],
    ['crashkernel=1M', [], ''],
    ['crashkernel=1M ro', [], 'ro'],
    ['ro crashkernel=1M', [], 'ro'],
    ['ro crashkernel quiet', ['1M'], 'ro crashkernel=1M quiet'],
    ['ro crashkernel=1M', ['2M,high', '3M,low'], 'ro crashkernel=2M,high crashkernel=3M,low'],
    ['crcrashkernel=1M', ['2M'], 'crcrashkernel=1M crashkernel=2M'],
    ['a="x crashkernel=1M y" b', ['2M'], 'a="x crashkernel=1M y" b crashkernel=2M'],
  ] as const
  for (const [before, values, after] of cases)
    assert.equal(changeArgs(before, set(...values)), after, before)
})

test('after a change the parameter is what was asked for, and all other words are as before', () => {
  const word = fc.constantFrom(
    'ro',
    'quiet',
    'crashkernel=1M',
    'crashkernel=2M,high',
    'a="b c"',
    'root=/dev/sda1',
  )
  const blanks = fc.constantFrom(' ', '  ', '\t')
  const line = fc
    .array(fc.tuple(word, blanks), { maxLength: 8 })
    .map((parts) => parts.map(([text, blank]) => text + blank).join(''))
  fc.assert(
    fc.property(line, fc.subarray(['64M', '256M,high', '72M,low']), (before, values) => {
      const after = changeArgs(before, set(...values))
      assert.deepEqual(findArgs(after, 'crashkernel'), values)
      const others = (text: string) => changeArgs(text, set()).match(/(?:"[^"]*"|\S)+/g)
      assert.deepEqual(others(after), others(before))
      assert.equal(changeArgs(after, set(...values)), after)
    }),
  )
})

test('flags and absent parameters have no value', () => {
  assert.equal(findArg('ro quiet', 'ro'), undefined)
  assert.deepEqual(findArgs('console=tty0 x console=ttyS0', 'console'), ['tty0', 'ttyS0'])
})

test('assignments are found as a shell sees them', () => {
  const text = `# A="no"
A="one \\"two\\""
  export A='three'
A+=" four" # comment
B=five;
AA=six`
  assert.deepEqual(
    findAssignments(text, 'A').map(({ value, quote, isAppended }) => [value, quote, isAppended]),
    [
      ['one \\"two\\"', '"', false],
      ['three', "'", false],
      [' four', '"', true],
    ],
  )
  assert.equal(evaluateVariable([text], 'A'), 'three four')
  assert.equal(evaluateVariable([text], 'B'), 'five')
  assert.equal(evaluateVariable(['A=x', `A="$A y ${braced('A')}"`], 'A'), 'x y x')
  assert.equal(evaluateVariable(["A='$A'"], 'A'), '$A')
})

test('a value is changed between its quotes, and gets some where it needs them', () => {
  const add = (value: string): string => `${value} x`.trim()
  assert.equal(changeAssignments('A="a b"\nB=c\n', 'A', add), 'A="a b x"\nB=c\n')
  assert.equal(changeAssignments('A=a # c\n', 'A', add), 'A="a x" # c\n')
  assert.equal(changeAssignments("A=\nA='b'\n", 'A', add), "A=x\nA='b x'\n")
})

test('what a shell makes of a file is what is evaluated', (context) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-shell-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'grub')
  const value = fc.constantFrom(
    '"a b"',
    "'c d'",
    'e',
    '"$A f"',
    `"${braced('B')}g"`,
    '""',
    '"\\"h\\""',
  )
  const line = fc.tuple(fc.constantFrom('A', 'B'), fc.constantFrom('=', '+='), value)
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
      const text = lines.map((parts) => `${parts.join('')}\n`).join('')
      writeFileSync(file, text)
      const print = 'unset A B; . "$0"; printf "%s|%s" "$A" "$B"'
      const shell = execFileSync('bash', ['-c', print, file], { encoding: 'utf8' })
      assert.equal(`${evaluateVariable([text], 'A')}|${evaluateVariable([text], 'B')}`, shell, text)
    }),
    { numRuns: 60 },
  )
})

test('newer versions come first, as sort -rV has it', () => {
  const names = ['a-0-rescue', 'a-5.14.14-200', 'a-5.14.14-200.0~custom', 'a-5.15.6-100', 'a-5.9.1']
  assert.deepEqual(names.toSorted(compareNewestFirst), [
    'a-5.15.6-100',
    'a-5.14.14-200.0~custom',
    'a-5.14.14-200',
    'a-5.9.1',
    'a-0-rescue',
  ])
  const version = fc.stringMatching(/^\d{1,3}(\.\d{1,3}){0,2}(-\d{1,2})?$/)
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      const [first = '', second = '', third = ''] = [a, b, c].toSorted(compareNewestFirst)
      assert.ok(compareNewestFirst(first, second) <= 0)
      assert.ok(compareNewestFirst(second, third) <= 0)
      assert.ok(compareNewestFirst(first, third) <= 0)
    }),
  )
})

/** What patch(1) does. */
function applyDiff(before: string, diff: string): string {
  const old = before.split('\n')
  const patched: string[] = []
  let at = 0
  for (const hunk of diff.split(/^(?=@@ )/m).slice(1)) {
    const [head = '', ...lines] = hunk.split('\n').slice(0, -1)
    const [, start = '', size = '', newStart = '', newSize = ''] =
      /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(head) ?? []
    const first = Number(start) - (size === '0' ? 0 : 1)
    patched.push(...old.slice(at, first))
    assert.equal(patched.length, Number(newStart) - (newSize === '0' ? 0 : 1))
    const kept = lines.filter((line) => !line.startsWith('+')).map((line) => line.slice(1))
    assert.deepEqual(kept, old.slice(first, first + Number(size)))
    const added = lines.filter((line) => !line.startsWith('-')).map((line) => line.slice(1))
    assert.equal(added.length, Number(newSize))
    patched.push(...added)
    at = first + Number(size)
  }
  return [...patched, ...old.slice(at)].join('\n')
}

test('a diff applied to the old text gives the new one', () => {
  assert.equal(unifiedDiff('f', 'a\n', 'a\n'), '')
  assert.equal(unifiedDiff('/f', '', 'a\n'), '--- /dev/null\n+++ /f\n@@ -0,0 +1,1 @@\n+a\n')
  const lines = fc
    .array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 60 })
    .map((all) => `${all.join('\n')}\n`)
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      fc.pre(before !== after)
      const diff = unifiedDiff('f', before, after)
      assert.equal(applyDiff(before, diff), after, diff)
    }),
  )
})
