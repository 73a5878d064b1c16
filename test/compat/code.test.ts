// `--code` of every command, for its examples and for every line that is claimed of it, is run on real dumps: what works as a
// command must work as a script. KBOX_CLAIMS=bt,ps runs those of some commands only.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { cachePath } from '../../scripts/cache.ts'
import type { Block } from '../../src/core/crash/command.ts'
import { COMMANDS } from '../../src/core/crash/commands.ts'
import { parseLine } from '../../src/core/crash/parse_line.ts'
import { runWords } from '../../src/core/crash/run_command.ts'
import { Session } from '../../src/core/crash/session.ts'
import { open } from '../../src/api/open.ts'
import type { Program } from '../../src/core/program/program.ts'
import { renderText } from '../../src/core/render/render_text.ts'
import { IS_WHOLE } from '../support/extent.ts'
import { commandLines } from '../support/command_lines.ts'
import { runScript } from '../support/run_script.ts'

/** Ends a session: there is nothing to print. */
const SILENT = ['exit']

/** Lines of each command that are run; all in a whole run. Scripts are alike on all kernels: claims test what they call. */
const LINES_MAX: Readonly<Record<string, number>> = { '6.12': 4 }

const chosen = process.env.KBOX_CLAIMS?.split(',')

for (const series of ['5.10', '6.1', '6.12', 'sid']) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const skip = existsSync(vmcore) ? false : `no ${vmcore}: bin/node scripts/make_dump.ts ${series}`
  describe(`--code, on ${series}`, { skip }, () => {
    if (skip !== false) return
    const program = open(vmcore)
    for (const command of COMMANDS) {
      if (chosen && !chosen.includes(command.name)) continue
      const count = IS_WHOLE ? Infinity : (LINES_MAX[series] ?? 1)
      const lines = commandLines(command, program, series).slice(0, count)
      test(`${command.name}: ${lines.length} lines run as scripts`, async () => {
        const failures: string[] = []
        for (const { line } of lines) {
          await checkLine(program, vmcore, line).catch((error: unknown) =>
            failures.push(String(error)),
          )
        }
        assert.equal(failures.join('\n\n'), '')
      })
    }
  })
}

async function checkLine(program: Program, vmcore: string, line: string): Promise<void> {
  const parsed = parseLine(line)
  if (parsed.kind !== 'command') return
  const words = parsed.words
  const [name = ''] = words
  const text = (more: readonly string[]): string[] => {
    const session = new Session(program, COMMANDS)
    return [...renderText(catchProblems(runWords(session, [...words, ...more])))]
  }
  let problem = ''
  let shown = 0
  text([])
  function* catchProblems(blocks: Iterable<Block>): Generator<Block> {
    for (const block of blocks) {
      if (block.kind === 'problem') problem ||= block.message
      // What is copied to a file is read here.
      if (block.kind === 'bytes') for (const _ of block.chunks);
      if (block.kind === 'object') shown++
      if (block.kind === 'table') yield { ...block, rows: counted(block.rows) }
      else if (block.kind === 'section') yield { ...block, blocks: catchProblems(block.blocks) }
      else yield block
    }
  }
  function* counted<T>(rows: Iterable<T>): Generator<T> {
    for (const row of rows) {
      shown++
      yield row
    }
  }
  const failed = problem
  const script = text(['--code']).join('\n')
  assert.match(script, /^import \{ .* \} from 'kbox'\n/, `${line}:\n${script}`)
  let printed: string[] = []
  try {
    printed = await runScript(script, vmcore)
  } catch (error) {
    // What the command cannot show, its script cannot either.
    if (failed !== '') return
    throw new Error(`${line} fails as a script: ${String(error)}\n${script}`, { cause: error })
  }
  if (failed === '' && shown > 0 && !SILENT.includes(name))
    assert.ok(printed.length > 0, `${line} prints nothing as a script:\n${script}`)
}
