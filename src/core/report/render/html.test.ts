// The HTML report as text: what a browser would make of it is tested in test/compat/report_html.test.ts.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import {
  EMPTY_REPORT,
  HOSTILE_TEXT,
  hostileReport,
  WHOLE_REPORT,
} from '../../../../test/support/report_recipe.ts'
import { renderReportHtml } from './html.ts'

/** Opening tags, with their attributes. */
function tags(page: string): string[] {
  const body = page.replace(/<(script|style)>[^]*?<\/\1>/g, '<$1></$1>')
  return body.match(/<[a-z][^>]*>/g) ?? []
}

for (const [name, report] of [
  ['a whole report', WHOLE_REPORT],
  ['an empty one', EMPTY_REPORT],
  ['one of hostile text', hostileReport()],
] as const) {
  test(`${name} loads nothing, and neither style nor script is in an attribute`, () => {
    const page = renderReportHtml(report)
    for (const tag of tags(page)) {
      const names = tag.replaceAll(/"[^"]*"/g, '""')
      assert.doesNotMatch(names, /\s(?:style|src|srcset|action|on\w+)\s*=/i)
      assert.doesNotMatch(tag, /\shref="(?!#)/)
    }
    assert.equal(page.match(/<script/g)?.length, 1)
    assert.equal(page.match(/<style/g)?.length, 1)
  })
}

test('the policy allows nothing but the style and the script that are there', () => {
  const page = renderReportHtml(WHOLE_REPORT)
  const policy = (/Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '').replaceAll(
    '&#39;',
    "'",
  )
  const hashOf = (name: string): string => {
    const [, content = ''] = new RegExp(`<${name}>([^]*?)</${name}>`).exec(page) ?? []
    return `'sha256-${createHash('sha256').update(content).digest('base64')}'`
  }
  assert.deepEqual(policy.split('; ').slice(0, 3), [
    "default-src 'none'",
    `style-src ${hashOf('style')}`,
    `script-src ${hashOf('script')}`,
  ])
  assert.doesNotMatch(policy, /unsafe/)
})

test('hostile text is only ever there escaped', () => {
  const page = renderReportHtml(hostileReport())
  assert.ok(!page.includes(HOSTILE_TEXT))
  assert.ok(!page.includes('<img'))
  assert.ok(page.includes('&lt;/script&gt;&lt;script&gt;alert(1)'))
})

test('sections that have nothing are left out, and links lead to those that are there', () => {
  const page = renderReportHtml(EMPTY_REPORT)
  const ids = new Set(Array.from(page.matchAll(/ id="([^"]+)"/g), ([, id]) => id))
  for (const [, link] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.has(link), link)
  assert.ok(!ids.has('waits'))
  assert.ok(ids.has('dump'))
})

test('a link to a stack, or to a line of the log, leads to one that is there', () => {
  const page = renderReportHtml(WHOLE_REPORT)
  const ids = new Set(Array.from(page.matchAll(/ id="([^"]+)"/g), ([, id]) => id))
  const links = Array.from(page.matchAll(/href="#([^"]+)"/g), ([, link]) => link)
  assert.ok(links.includes('s1'))
  assert.ok(links.includes('l1'))
  assert.deepEqual(
    links.filter((link) => !ids.has(link)),
    [],
  )
})

test('every section is named by its heading, every column of a table by its own', () => {
  const page = renderReportHtml(WHOLE_REPORT)
  const sections = page.match(/<section /g)?.length
  assert.equal(page.match(/<h2 /g)?.length, sections)
  assert.equal(page.match(/<section id="(\w+)" aria-labelledby="\1-h">/g)?.length, sections)
  assert.ok(!/<th(?![^>]*scope=)[\s>]/.test(page))
})
