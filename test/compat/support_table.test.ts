// docs/formats/support.md says what is observed here, as far as its rows can be made and its tools are at hand.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { cachePath } from '../../scripts/cache.ts'
import { IS_WHOLE } from '../support/extent.ts'
import { supportTools } from '../support/support_matrix.ts'
import {
  formatSupport,
  observeSupport,
  parseSupport,
  SUPPORT_FILE,
} from '../support/support_table.ts'

const vmcore = cachePath('dumps', '6.1', 'vmcore.elf')
/** What the others read does not change with kbox, and crash takes seconds to start for each file. */
const TOOLS = supportTools().slice(0, IS_WHOLE ? Infinity : 1)

const skip = existsSync(vmcore) ? false : `no ${vmcore}: npm run vm makes it`

test('the table of who reads which dump is what is observed', { skip }, async () => {
  const committed = parseSupport(readFileSync(SUPPORT_FILE, 'utf8'))
  const observed = parseSupport(formatSupport(await observeSupport(TOOLS)))
  let compared = 0
  for (const [row, answers] of observed) {
    const expected = committed.get(row)
    assert.ok(expected, `${row} is not in the table: bin/node scripts/support_table.ts`)
    for (const [column, answer] of answers) {
      // Of a tool in another version the table says nothing.
      if (!expected.has(column)) continue
      assert.equal(answer, expected.get(column), `${row}: ${column}`)
      compared++
    }
  }
  assert.ok(compared >= (IS_WHOLE ? 20 : 8), `only ${compared} cells`)
})
