// The style and the script that reports carry are what src/ui/report says.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ASSETS_FILE, reportAssets } from './report_assets.ts'

test(`${ASSETS_FILE} is what src/ui/report says`, async () => {
  assert.equal(
    readFileSync(ASSETS_FILE, 'utf8'),
    await reportAssets(),
    "'npm run docs' writes it anew",
  )
})
