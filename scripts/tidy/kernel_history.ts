// Style 35: a line that copes with two kernels says since which release and by which commit, as
// `// Since v5.14, commit 2f064a59a11f ("sched: Change task_struct::state"), the member is __state.`
import { isTest, ts } from '../source_tree.ts'
import type { Node, SourceText } from '../source_tree.ts'
import type { TidyRule } from './tidy_rule.ts'

// KObject's readers; with two paths they take the first that exists.
const READERS = new Set([
  'get',
  'number',
  'bigint',
  'bool',
  'pointer',
  'string',
  'bytes',
  'enumName',
])
const LINES_ABOVE = 4

/** Demand a release in a comment just above each member that has alternatives, in src/core/kernel. */
export const kernelHistory: TidyRule = {
  name: 'kernel_history',
  summary: 'kernel/ says above alternative members since which release they are called so',
  *check(file) {
    if (!file.path.startsWith('src/core/kernel/') || isTest(file.path)) return
    for (const node of file.nodes) {
      const paths = alternativesOf(node)
      if (paths.length < 2 || hasHistory(file, node)) continue
      yield {
        line: file.lineOf(node),
        message: `'${paths.join("', '")}': say above since which release, as "// Since v5.14, commit 2f064a59a11f (…)"`,
      }
    }
  },
}

function alternativesOf(node: Node): string[] {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return []
  if (!READERS.has(node.expression.name.text)) return []
  return node.arguments
    .filter((argument) => ts.isStringLiteral(argument))
    .map((argument) => argument.text)
}

/** A comment that names a release (v5.14), on the call's own line or the few lines above it. */
function hasHistory(file: SourceText, node: Node): boolean {
  const line = file.lineOf(node)
  const above = file.lines.slice(Math.max(0, line - 1 - LINES_ABOVE), line)
  return above.some((text) => /(?:\/\/|\*).*\bv\d+\.\d+/.test(text))
}
