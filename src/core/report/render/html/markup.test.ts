// The template of HTML: text stays text, whatever it holds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { escapeHtml, html, rawElement, type MarkupValue } from './markup.ts'

test('values are escaped, as text and in quoted attributes; markup is not', () => {
  const hostile = `</td><script>"'&`
  const cell = html`<i title="${hostile}">${hostile}</i>`
  const escaped = '&lt;/td&gt;&lt;script&gt;&quot;&#39;&amp;'
  assert.equal(cell.source, `<i title="${escaped}">${escaped}</i>`)
  assert.equal(html`<b>${cell}</b>`.source, `<b>${cell.source}</b>`)
})

test('lists are joined, numbers written, and what is absent is nothing', () => {
  const list: MarkupValue = [1, 'a', [null, false, undefined, ['b']]]
  assert.equal(html`<p>${list}</p>`.source, '<p>1ab</p>')
})

test('control characters, and those that turn the direction of writing, are dots', () => {
  assert.equal(escapeHtml('a\u0000\u001b[31m\u202e\u2028b\u009f'), 'a..[31m..b.')
})

test("a template's indentation is left out, that of a value is kept", () => {
  const made = html`
    <p>${'one'}</p>
    <pre>${'two\n  three'}</pre>
  `
  assert.equal(made.source, '<p>one</p>\n<pre>two\n  three</pre>')
})

test('a style or a script is written as it is', () => {
  assert.equal(rawElement('style', 'a > b {}').source, '<style>a > b {}</style>')
})
