// Style 5: a function fits a screen.
import { isFunction, ts } from '../source_tree.ts'
import type { Node, SourceText } from '../source_tree.ts'
import type { TidyRule } from './tidy_rule.ts'

const LINES_MAX = 60

/** Bound the lines of a function, those inside it included. */
export const functionLength: TidyRule = {
  name: 'function_length',
  summary: `a function has at most ${LINES_MAX} lines`,
  *check(file) {
    for (const node of file.nodes) {
      if (!isFunction(node) || isSuite(node)) continue
      const lines = lineCount(file, node)
      if (lines > LINES_MAX) {
        yield {
          line: file.lineOf(node),
          message: `${nameOf(node)} has ${lines} lines, at most ${LINES_MAX}: give a part of it a name`,
        }
      }
    }
  },
}

function lineCount(file: SourceText, node: Node): number {
  return file.text.slice(ts.skipTrivia(file.text, node.pos), node.end).split('\n').length
}

/** `describe('…', () => { … })` only groups tests. */
function isSuite(node: Node): boolean {
  const call = node.parent
  return (
    ts.isCallExpression(call) &&
    ts.isIdentifier(call.expression) &&
    call.expression.text === 'describe'
  )
}

function nameOf(node: Node): string {
  // An anonymous function goes by what it is assigned to.
  for (const named of [node, node.parent]) {
    if ('name' in named && named.name && ts.isIdentifier(named.name as Node)) {
      return `function ${(named.name as { text: string }).text}`
    }
  }
  return 'function'
}
