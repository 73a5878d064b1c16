// docs/json.md lists the keys that commands have, on the dump it was written from.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { JSON_DUMP, JSON_FILE, jsonDocument } from '../../scripts/json_doc.ts'
import { open } from '../../src/api/open.ts'

const skip = existsSync(JSON_DUMP) ? false : `no ${JSON_DUMP}: bin/node scripts/make_dump.ts 6.12`

test('docs/json.md has the keys that commands yield', { skip }, () => {
  assert.equal(
    readFileSync(JSON_FILE, 'utf8'),
    jsonDocument(open(JSON_DUMP)),
    'bin/node scripts/json_doc.ts writes it anew',
  )
})
