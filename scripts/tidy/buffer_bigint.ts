// Style 17: Buffer's 64-bit reads cost 38 ns where a DataView's cost 5.6 (Node 24).
import { ts } from '../source_tree.ts'
import type { TidyRule } from './tidy_rule.ts'

const SLOW = /^read(?:Big)?U?(?:Int|int)64[BL]E$/i

/** Forbid `Buffer.readBigUInt64LE` and its kin. */
export const bufferBigint: TidyRule = {
  name: 'buffer_bigint',
  summary: '64-bit values are read through a DataView, never with Buffer.readBigUInt64LE',
  *check(file) {
    for (const node of file.nodes) {
      if (ts.isPropertyAccessExpression(node) && SLOW.test(node.name.text)) {
        yield {
          line: file.lineOf(node.name),
          message: `${node.name.text} is 7 times slower than DataView.getBigUint64: read through a DataView`,
        }
      }
    }
  },
}
