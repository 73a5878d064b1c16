// Style 17: Uint8Array and DataView everywhere; Node's Buffer exists in no browser.
import { isTest, ts } from '../source_tree.ts'
import type { TidyRule } from './tidy_rule.ts'

const PLACES = ['src/host/', 'src/cli/', 'scripts/', 'test/', 'bench/']

/** Keep `Buffer` out of core/ and ui/. */
export const bufferPlace: TidyRule = {
  name: 'buffer_place',
  summary: `Buffer appears only in ${PLACES.join(', ')} and in tests`,
  *check(file) {
    if (isTest(file.path) || PLACES.some((place) => file.path.startsWith(place))) return
    for (const node of file.nodes) {
      if (!ts.isIdentifier(node) || node.text !== 'Buffer') continue
      // A name given to something, or a member's, is not Node's Buffer.
      if ('name' in node.parent && node.parent.name === node) continue
      yield {
        line: file.lineOf(node),
        message: 'Buffer is for host/ and cli/: use Uint8Array and DataView',
      }
    }
  },
}
