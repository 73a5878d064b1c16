// Shell assignments without a shell. What sh makes of each file is the oracle; what it would run is refused.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAssignments } from './shell_assignments.ts'

function parse(text: string): Record<string, string> {
  const result = parseAssignments(text)
  assert.ok(result.ok, JSON.stringify(result))
  return Object.fromEntries(result.assignments.map(({ name, value }) => [name, value]))
}

/** What bash has in its variables afterwards. */
function ask(text: string, names: readonly string[]): Record<string, string> {
  const script = `${text}\nfor n in ${names.join(' ')}; do printf '%s\\0' "\${!n}"; done`
  const { stdout, status } = spawnSync('bash', ['--norc', '-c', script], {
    ...{ encoding: 'utf8', env: {} },
  })
  assert.equal(status, 0)
  const values = stdout.split('\0')
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
}

const FILES: readonly string[] = [
  'A=1\nB="two words"\nC=\'$A `x` "y"\'\n',
  'A="say \\"hi\\" \\$5 \\n \\\\"\nB=a\\ b\\\\c\n',
  `A="one"\nA+=" two"\nB="\${A} three"\nC=$A$B\n`,
  '# comment\n  export A=x # more\nB=a#b\nC= # nothing\n',
  'A="first \\\nsecond"\nB=joined\\\nup\n',
  'A="two\nlines"; B=x ;C=\'\'"q"r\n',
  'A=a=b,c%d*e?[f]!g\nB={x}\nC=/dev/disk/by-id/x-1:2@3\n',
  'A=1 B=2\tC=3\r\n',
]

test('values are what a shell makes of them', () => {
  for (const text of FILES) {
    const values = parse(text)
    assert.deepEqual(values, ask(text.replaceAll('\r\n', '\n'), Object.keys(values)), text)
  }
})

test('any text, quoted for a shell, comes back', () => {
  const texts = fc
    .string({ unit: 'grapheme', maxLength: 40 })
    .filter((text) => !/[\r\0]/.test(text))
  fc.assert(
    fc.property(texts, (text) => {
      const single = `'${text.replaceAll("'", "'\\''")}'`
      const double = `"${text.replaceAll(/[$`"\\]/g, '\\$&')}"`
      assert.deepEqual(parse(`A=${single}\nB=${double}\n`), { A: text, B: text })
    }),
  )
})

test('what only a shell can do is refused with its place', () => {
  const cases: readonly (readonly [text: string, line: number, column: number, says: RegExp])[] = [
    ['A=1\nB=$(reboot)\n', 2, 3, /expansion that only a shell can do/],
    ['A="x `id`"\n', 1, 6, /begins a command/],
    [`A=\${B:-x}\n`, 1, 3, /expansion/],
    ['A="$HOME/x"\n', 1, 4, /'\$HOME' is not set further up/],
    ['. /etc/other\n', 1, 1, /'\.' is no assignment/],
    ['if true; then\n', 1, 1, /'if' is no assignment/],
    ['A=x|y\n', 1, 4, /means a command/],
    ['A=~/x\n', 1, 3, /home folder/],
    ['\n  A="open\n', 2, 5, /'"' is not closed/],
    ["A='open\n", 1, 3, /is not closed/],
    ['A=1\nrm -rf /\n', 2, 1, /'rm' is no assignment/],
    ['A=a\\', 1, 4, /nothing behind/],
  ]
  for (const [text, line, column, says] of cases) {
    const result = parseAssignments(text)
    assert.ok(!result.ok, text)
    const { problem } = result
    assert.match(problem.message, says, text)
    assert.deepEqual([problem.line, problem.column], [line, column], text)
  }
})

test('a file that doubles its variables does not fill the memory', () => {
  const result = parseAssignments(`A=${'x'.repeat(1000)}\n${'A=$A$A$A$A\n'.repeat(40)}`)
  assert.ok(!result.ok)
  assert.match(result.problem.message, /too long/)
})

test('places are those of name and value', () => {
  const result = parseAssignments('\n  export A="x"\n')
  assert.ok(result.ok)
  assert.deepEqual(result.assignments, [
    { name: 'A', value: 'x', line: 2, column: 10, valueColumn: 13, isAddition: false },
  ])
})

test('what only += has made is known as an addition', () => {
  const result = parseAssignments('A+=1\nA+=2\nB=1\nB+=2\nA=3\nA+=4\n')
  assert.ok(result.ok)
  assert.deepEqual(
    result.assignments.map(({ name, value, isAddition }) => `${name}=${value} ${isAddition}`),
    ['A=1 true', 'A=12 true', 'B=1 false', 'B=12 false', 'A=3 false', 'A=34 false'],
  )
})
