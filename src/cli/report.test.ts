// kbox report: where its forms go. What they say is tested beside the renderers.
import assert from 'node:assert/strict'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { WHOLE_REPORT } from '../../test/support/report_recipe.ts'
import { verbOutput } from '../../test/support/verb_output.ts'
import { HostError, UsageError } from '../core/base/errors.ts'
import { reportMain, reportOutputs, writeReport } from './report.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'kbox-report-'))
after(() => rmSync(folder, { recursive: true }))

for (const [line, operands, outputs] of [
  ['vmcore', ['vmcore'], ['text -']],
  ['--json vmcore', ['vmcore'], ['json -']],
  ['vmcore --json', ['vmcore'], ['json -']],
  ['--json part1 part2', ['part1', 'part2'], ['json -']],
  ['vmcore --json out.json', ['vmcore'], ['json out.json']],
  ['vmcore --json out', ['vmcore'], ['json out']],
  ['--json out.json vmcore', ['vmcore'], ['json out.json']],
  ['--json=out vmcore', ['vmcore'], ['json out']],
  ['--json - vmcore', ['vmcore'], ['json -']],
  ['vmcore --html a.html --md=b', ['vmcore'], ['html a.html', 'md b']],
  ['vmcore --html a --text - --json b.json', ['vmcore'], ['html a', 'text -', 'json b.json']],
] as const) {
  test(`'kbox report ${line}' reads ${operands.join(', ')} and writes ${outputs.join(', ')}`, () => {
    const chosen = reportOutputs(line.split(' '))
    assert.deepEqual(chosen.operands, operands)
    assert.deepEqual(
      chosen.outputs.map(({ form, file }) => `${form} ${file}`),
      outputs,
    )
  })
}

test('two forms cannot both go to standard output, a dump must be named, and stays', () => {
  assert.throws(() => reportOutputs(['vmcore', '--json', '--html', '-']), UsageError)
  assert.throws(() => reportOutputs(['--json', 'out.json']), /a VMCORE is missing/)
  assert.throws(() => reportOutputs(['vmcore', '--html', './vmcore']), /overwrite the dump/)
  const part2 = path.join(folder, 'part2')
  writeFileSync(part2, `KDUMP   ${'\0'.repeat(100)}`)
  assert.throws(() => reportOutputs(['part1', '--json', part2]), /overwrite the dump: .*part2/)
  rmSync(part2)
})

test("files are their owner's only, replace what was there, and leave nothing beside them", () => {
  const file = path.join(folder, 'report.md')
  writeFileSync(file, 'old', { mode: 0o644 })
  writeReport(WHOLE_REPORT, [{ form: 'md', file }])
  assert.match(readFileSync(file, 'utf8'), /^# NULL struct widget/)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder), ['report.md'])
})

test('a link is followed, and what is no file is written to', () => {
  const link = path.join(folder, 'link')
  symlinkSync('report.md', link)
  writeReport(WHOLE_REPORT, [{ form: 'json', file: link }])
  assert.deepEqual(JSON.parse(readFileSync(path.join(folder, 'report.md'), 'utf8')), WHOLE_REPORT)
  writeReport(WHOLE_REPORT, [{ form: 'html', file: '/dev/null' }])
  assert.ok(statSync('/dev/null').isCharacterDevice())
})

test('a file that cannot be written is an error that names it', () => {
  const file = path.join(folder, 'none', 'report.html')
  assert.throws(() => writeReport(WHOLE_REPORT, [{ form: 'html', file }]), /ENOENT.*report\.html/)
})

test('a form on standard output is all that is printed', async (t) => {
  const { stdout } = await verbOutput(t, () => {
    writeReport(WHOLE_REPORT, [{ form: 'json', file: '-' }])
    return 0
  }, [])
  assert.deepEqual(JSON.parse(stdout), WHOLE_REPORT)
})

test('a file that is no dump is an error', async () => {
  const file = path.join(folder, 'text')
  writeFileSync(file, 'hello\n')
  await assert.rejects(() => reportMain([file]), /not a vmcore/)
  await assert.rejects(() => reportMain([path.join(folder, 'none')]), HostError)
})
