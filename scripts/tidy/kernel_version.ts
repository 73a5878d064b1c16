// Style 34: distributions backport, so a kernel's version says nothing about its types. kernel/ asks the types.
// A limit: this looks for names a version usually goes by; a version under another name passes.
import { forEachNode, isTest, ts } from '../source_tree.ts'
import type { Node } from '../source_tree.ts'
import type { TidyRule } from './tidy_rule.ts'

const VERSION_NAMES =
  /^(?:osrelease|release|kernelrelease|kernelversion|linux_?version(?:_code)?|version_?code)$/i
const COMPARISONS = new Set([
  ts.SyntaxKind.LessThanToken,
  ts.SyntaxKind.LessThanEqualsToken,
  ts.SyntaxKind.GreaterThanToken,
  ts.SyntaxKind.GreaterThanEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
])
const TEXT_TESTS = new Set([
  'startsWith',
  'includes',
  'match',
  'matchAll',
  'test',
  'exec',
  'localeCompare',
  'split',
])

/** Forbid comparing the kernel's version in src/core/kernel. */
export const kernelVersion: TidyRule = {
  name: 'kernel_version',
  summary: 'kernel/ never tests the kernel version',
  *check(file) {
    if (!file.path.startsWith('src/core/kernel/') || isTest(file.path)) return
    for (const node of file.nodes) {
      const parts = comparedParts(node)
      if (parts.some(mentionsVersion)) {
        yield {
          line: file.lineOf(node),
          message: "tests the kernel version: test the type, as in task.get('__state', 'state')",
        }
      }
    }
  },
}

/** What a node compares: both sides of an operator, or the text a string method is asked about. */
function comparedParts(node: Node): readonly Node[] {
  if (ts.isBinaryExpression(node)) {
    return COMPARISONS.has(node.operatorToken.kind) ? [node.left, node.right] : []
  }
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return []
  return TEXT_TESTS.has(node.expression.name.text)
    ? [node.expression.expression, ...node.arguments]
    : []
}

function mentionsVersion(part: Node): boolean {
  return [...forEachNode(part)].some(
    (node) =>
      (ts.isIdentifier(node) || ts.isStringLiteral(node)) &&
      VERSION_NAMES.test(node.text.split('.').at(-1) ?? ''),
  )
}
