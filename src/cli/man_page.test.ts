// Man pages are generated (bin/node scripts/man.ts) and committed; they must say what the verbs say.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { formatManPage } from './man_page.ts'
import { formatVerbHelp } from './verb.ts'
import { VERBS } from './verbs.ts'

for (const verb of VERBS) {
  test(`the man page of ${verb.name} is what its facts generate`, () => {
    assert.equal(readFileSync(`packaging/man/kbox-${verb.name}.8`, 'utf8'), formatManPage(verb))
  })
  test(`the help of ${verb.name} shows an example and every option`, () => {
    const help = formatVerbHelp(verb)
    assert.match(help, /^Usage: kbox /)
    assert.ok(verb.examples.length > 0)
    for (const { flags } of verb.options) assert.ok(help.includes(flags), flags)
  })
}

test('a line that begins with a dot or holds a backslash is text, not a macro', () => {
  const page = formatManPage({ ...(VERBS[0] as (typeof VERBS)[0]), description: '.br of a\\b' })
  assert.match(page, /^\\&\.br of a\\eb$/m)
})
