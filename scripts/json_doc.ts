// Writes docs/json.md: the keys of every command's JSON, from the blocks its examples and claimed lines yield on the 6.12 dump
// of the cache. `bin/node scripts/json_doc.ts`; test/compat/json.test.ts says when it was forgotten.
import { readFileSync, writeFileSync } from 'node:fs'
import type { Block, Command } from '../src/core/crash/command.ts'
import { COMMANDS } from '../src/core/crash/commands.ts'
import { parseLine } from '../src/core/crash/parse_line.ts'
import { runWords } from '../src/core/crash/run_command.ts'
import { Session } from '../src/core/crash/session.ts'
import { open } from '../src/api/open.ts'
import type { Program } from '../src/core/program/program.ts'
import { cellKey } from '../src/core/render/render_json.ts'
import { ADDRESS, commandLines } from '../test/support/command_lines.ts'
import { cachePath } from './cache.ts'

/** The document, and where its written part ends. */
export const JSON_FILE = new URL('../docs/json.md', import.meta.url)
const MARK = '## Keys by command\n'

/** Keys a record takes from the dump (DMI fields, settings) are data, not a form: more than these are not listed. */
const KEYS_MAX = 40

/** The document as it should be: the written part is kept. */
export function jsonDocument(program: Program): string {
  const text = readFileSync(JSON_FILE, 'utf8')
  const head = text.slice(0, text.indexOf(MARK) + MARK.length)
  const sections = COMMANDS.map((command) => commandSection(command, program))
  return `${head}\nWritten by \`bin/node scripts/json_doc.ts\` from what commands yield; do not edit below.\n\n${sections.join('\n')}`
}

/** The dump it is written from. */
export const JSON_DUMP = cachePath('dumps', '6.12', 'vmcore.elf')

function commandSection(command: Command, program: Program): string {
  // Forms of blocks, and the first line that yields each.
  const forms = new Map<string, string>()
  for (const { line, shows } of commandLines(command, program, '6.12')) {
    if (ADDRESS.test(shows)) continue
    const parsed = parseLine(line)
    if (parsed.kind !== 'command') continue
    const blocks = runWords(new Session(program, COMMANDS), parsed.words)
    for (const form of formsOf(blocks)) if (!forms.has(form)) forms.set(form, shows)
  }
  const rows = Array.from(forms, ([form, line]) => `- \`${line}\`: ${form}`)
  return `### ${command.name === '*' ? '\\*' : command.name}\n\n${rows.join('\n')}\n`
}

function* formsOf(blocks: Iterable<Block>): Generator<string> {
  for (const block of blocks) {
    switch (block.kind) {
      case 'table':
        yield `table of ${keysText(block.columns)}`
        break
      case 'record':
        yield `record of ${keysText(block.fields)}`
        break
      case 'section':
        if (block.heading) yield `section headed by ${keysText(block.heading.fields)}`
        else yield 'section without heading'
        yield* formsOf(block.blocks)
        break
      case 'problem':
        break
      default:
        yield block.kind
    }
  }
}

type Keyed = Parameters<typeof cellKey>[0] & { readonly kind: string }

function keysText(columns: readonly Keyed[]): string {
  if (columns.length > KEYS_MAX) return 'a key for each'
  return columns.map((column) => `\`${cellKey(column)}\` ${column.kind}`).join(', ')
}

if (import.meta.main) writeFileSync(JSON_FILE, jsonDocument(open(JSON_DUMP)))
