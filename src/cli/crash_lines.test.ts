// Lines nobody would type: whatever words come, a session answers with blocks that render, and goes on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { crashSession } from '../../test/support/crash_session.ts'
import { KdumpError } from '../core/base/errors.ts'
import { parseLine } from '../core/crash/parse_line.ts'
import { evaluate } from '../core/program/evaluate.ts'
import { formatExpression } from '../core/program/format_object.ts'
import { renderJson } from '../core/render/render_json.ts'
import { renderText } from '../core/render/render_text.ts'

const { session, run, addressOf } = crashSession({ excluded: ['app_mm'] })
const LINES_MAX = 20_000

const WORDS = [
  ...['struct', 'union', '*', 'p', 'px', 'rd', 'sym', 'task', 'set', 'foreach', 'help', 'whatis'],
  ...['ps', 'bt', 'files', 'log', 'sys', 'mod', 'alias', 'hex', 'dec'],
  ...['task_struct', 'task_struct.pid,comm', 'task_struct.mm.total_vm', 'list_head', 'rq', 'pid_t'],
  ...['init_task', 'runqueues', 'runqueues:a', 'runqueues:9', 'jiffies', 'mystery', 'schedule'],
  ...['worker', 'app', 'kernel', 'user', 'UN', 'IN', 'active', 'gleader', '.*', '(', '\\bt'],
  ...[
    '-x',
    '-d',
    '-o',
    '-l',
    '-r',
    '-p',
    '-u',
    '-c',
    '-s',
    '-S',
    '-a',
    '-8',
    '-16',
    '-N',
    '-R',
    '-e',
  ],
  ...['0', '1', '-1', '2', '100', '4096', '99999999', '0x10', 'ffffffffffffffff', 'zz', ''],
  ...[addressOf('app'), addressOf('app_mm'), addressOf('init_task')].map((at) => at.toString(16)),
]

const words = fc
  .tuple(
    fc.constantFrom(...session.commands.map(({ name }) => name)),
    fc.array(fc.constantFrom(...WORDS), { maxLength: 5 }),
  )
  .map(([name, rest]) => [name, ...rest])

test('any command line renders as text and as JSON', () => {
  fc.assert(
    fc.property(words, (line) => {
      const text = line.map((word) => (word === '' ? "''" : word)).join(' ')
      let count = 0
      for (const _ of renderText(run(quoteParentheses(text)))) if (++count > LINES_MAX) break
      const pieces: string[] = []
      for (const piece of renderJson(text, run(quoteParentheses(text)))) {
        if (pieces.push(piece) > LINES_MAX) return
      }
      JSON.parse(pieces.join(''))
    }),
    { numRuns: 1500 },
  )
})

/** A lone parenthesis would swallow the rest of the line. */
const quoteParentheses = (text: string): string => text.replaceAll('(', "'('")

const TOKENS = [
  ...[
    'init_task',
    'mystery',
    'jiffies',
    'saved_command_line',
    'schedule',
    'PIDTYPE_TGID',
    'nosuch',
  ],
  ...['.', '->', 'comm', 'mm', 'signal', 'tasks', 'next', '[', ']', '(', ')', '*', '&', '-', '+'],
  ...[
    '0',
    '1',
    '18446744073709551615',
    "'a'",
    'sizeof',
    'struct',
    'task_struct',
    'int',
    'u8',
    'list_head',
  ],
  ...['@', '<<', '/', '%', '==', '~', '!', '||', ',', '$1'],
]

test('any expression has a value or an error that says why', () => {
  const tokens = fc.array(fc.constantFrom(...TOKENS), { maxLength: 10 })
  fc.assert(
    fc.property(tokens, (list) => {
      try {
        formatExpression(evaluate(session.program, list.join(' ')), { radix: 10 })
      } catch (error) {
        assert(error instanceof KdumpError || error instanceof RangeError, String(error))
      }
    }),
    { numRuns: 3000 },
  )
})

test('any text is a line, or an error that says why not', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      try {
        parseLine(text)
      } catch (error) {
        assert(error instanceof KdumpError, String(error))
      }
    }),
    { numRuns: 1000 },
  )
})
