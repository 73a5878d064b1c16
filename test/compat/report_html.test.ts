// The HTML report in a browser: without a network, under its own policy, without a script and with it. Reports are the
// recipe's, one full of hostile text, and those of real dumps.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { cachePath } from '../../scripts/cache.ts'
import { writeReport } from '../../src/cli/report.ts'
import { reportDump } from '../../src/host/control/evidence/report_files.ts'
import { renderReportHtml } from '../../src/core/report/render/html.ts'
import type { Report } from '../../src/core/report/report_model.ts'
import { noBrowser, openPage, startBrowser } from '../support/browser.ts'
import { HOSTILE_TEXT, hostileReport, WHOLE_REPORT } from '../support/report_recipe.ts'

const KIB = 1024
const SECONDS_MAX = 10

describe('the HTML report in a browser', { skip: noBrowser }, () => {
  let browser: Browser
  let folder: string
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'kbox-report-'))
    browser = await startBrowser()
  })
  after(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  const write = (name: string, report: Report): string => {
    const file = path.join(folder, name)
    writeFileSync(file, renderReportHtml(report))
    return file
  }

  test('opens from a file without a request, an error or a breach of its policy', async () => {
    const { page, complaints } = await openPage(browser, write('whole.html', WHOLE_REPORT))
    assert.equal(await page.locator('h1').innerText(), WHOLE_REPORT.verdict.title)
    assert.deepEqual(complaints, [])
    // Both have effect: the policy knows their hashes.
    assert.equal(await page.locator('nav button').count(), 1)
    assert.equal(
      await page.evaluate("getComputedStyle(document.querySelector('nav')).position"),
      'sticky',
    )
  })

  test('can be read without a script: verdict, evidence, sections that open', async () => {
    const file = write('plain.html', WHOLE_REPORT)
    const { page } = await openPage(browser, file, { javaScriptEnabled: false })
    assert.ok(await page.locator('h1').isVisible())
    assert.ok(await page.getByText('%rdi is 0, the first argument of bad_write()').isVisible())
    const row = page.locator('#tasks td', { hasText: 'insmod' })
    assert.equal(await row.isVisible(), false)
    await page.locator('#tasks summary').click()
    assert.ok(await row.isVisible())
  })

  test('a filter leaves the rows that match, a level the lines that are serious', async () => {
    const { page } = await openPage(browser, write('filter.html', WHOLE_REPORT))
    await page.getByLabel('Filter stacks').fill('/pipe_(read|write)/')
    assert.deepEqual(await page.locator('.stacks li:visible b').allInnerTexts(), ['24'])
    await page.getByLabel('Least serious level shown').selectOption('3')
    assert.deepEqual(await page.locator('.log li:visible time').allInnerTexts(), ['2.000000'])
  })

  test('sections fold at once, and a link opens what it leads to', async () => {
    const { page } = await openPage(browser, write('fold.html', WHOLE_REPORT))
    const open = page.locator('section > details[open]')
    await page.getByRole('button', { name: 'Collapse all' }).click()
    assert.equal(await open.count(), 0)
    await page.locator('nav a', { hasText: 'Tasks' }).click()
    await page.locator('#tasks tbody a').first().click()
    assert.ok(await page.locator('#s1').isVisible())
  })

  test('the icicle is as wide as tasks are many, and a click makes a function the whole', async () => {
    const { page } = await openPage(browser, write('icicle.html', WHOLE_REPORT))
    const box = page.locator('[data-icicle] g[aria-label^="ret_from_fork:"]')
    const widthOf = async (): Promise<number> =>
      Number(await box.locator('rect').getAttribute('width'))
    assert.equal(Math.round(await widthOf()), Math.round((1200 * 60) / 85))
    await box.focus()
    await page.keyboard.press('Enter')
    assert.equal(await widthOf(), 1200)
    assert.match(await page.locator('[data-icicle] .said').innerText(), /^ret_from_fork: 60 tasks/)
  })

  test('the treemap covers its area by bytes, the timeline has every turning point', async () => {
    const { page } = await openPage(browser, write('draw.html', WHOLE_REPORT))
    const shares = WHOLE_REPORT.state?.memory?.shares ?? []
    const total = shares.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { name, bytes } of shares) {
      const area = page
        .locator('[data-treemap] g', { hasText: `${name}:` })
        .first()
        .locator('rect')
      const [width, height] = [await area.getAttribute('width'), await area.getAttribute('height')]
      const expected = (bytes / total) * 1200 * 260
      assert.ok(Math.abs(Number(width) * Number(height) - expected) < 1, `${name}: ${expected}`)
    }
    assert.equal(await page.locator('[data-timeline] .event').count(), 2)
  })

  test('a ring of waits is drawn as one, many waiters as one node', async () => {
    const { page } = await openPage(browser, write('graph.html', WHOLE_REPORT))
    const graphs = page.locator('.graph svg')
    assert.equal(await graphs.count(), 2)
    const ring = graphs.first()
    assert.equal(await ring.locator('.node').count(), 6)
    assert.equal(await ring.locator('.edge').count(), 6)
    assert.equal(await ring.locator('.root').count(), 0)
    assert.equal(await graphs.last().locator('.root').count(), 1)
    assert.ok((await graphs.last().locator('text').allTextContents()).includes('35 more tasks'))
  })

  test('hostile text stays text', async () => {
    const { page, complaints } = await openPage(browser, write('hostile.html', hostileReport()))
    assert.deepEqual(complaints, [])
    assert.equal(await page.locator('img, iframe, body script ~ *').count(), 0)
    assert.equal(await page.locator('script').count(), 1)
    assert.equal(await page.locator('h1').textContent(), HOSTILE_TEXT)
  })

  test('nothing is wider than a narrow screen', async () => {
    const file = write('narrow.html', WHOLE_REPORT)
    const { page } = await openPage(browser, file, { viewport: { width: 360, height: 800 } })
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
  })

  test('text has contrast in light and in dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await openPage(browser, write('colours.html', WHOLE_REPORT), { colorScheme })
      for (const selector of ['h1', '.when', '.note', 'a', '.badge.certain', '.cmd', '.l0']) {
        const ratio = await contrastOf(page, selector)
        assert.ok(ratio >= 4.5, `${selector} in ${colorScheme}: ${ratio.toFixed(2)}`)
      }
    }
  })

  for (const [dump, limit] of [
    ['6.1', 300 * KIB],
    ['6.12', 300 * KIB],
    ['6.12-tasks', KIB * KIB],
  ] as const) {
    const vmcore = cachePath('dumps', dump, 'vmcore')
    const skip = existsSync(vmcore) ? false : `no ${vmcore}: bin/node scripts/make_dump.ts ${dump}`
    test(`of ${dump} is at most ${limit / KIB} KiB and opens`, { skip }, async () => {
      const file = path.join(folder, `${dump}.html`)
      const { user, system } = process.cpuUsage()
      writeReport(reportDump([vmcore]), [{ form: 'html', file }])
      const spent = process.cpuUsage({ user, system })
      const seconds = (spent.user + spent.system) / 1e6
      assert.ok(seconds <= SECONDS_MAX, `${seconds} s of processor time`)
      assert.ok(statSync(file).size <= limit, `${statSync(file).size} bytes`)
      assert.equal(statSync(file).mode & 0o777, 0o600)
      const { page, complaints } = await openPage(browser, file)
      assert.deepEqual(complaints, [])
      assert.ok((await page.locator('[data-icicle] rect').count()) > 5)
    })
  }
})

/** By WCAG 2, of a text against the nearest background that is not transparent. */
function contrastOf(page: Page, selector: string): Promise<number> {
  return page.evaluate(`(${CONTRAST})(document.querySelector('${selector}'))`)
}

/** Run in the page. */
const CONTRAST = `(element) => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number)
  const part = (value) => value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
  const luminance = (colour) => {
    const [r, g, b] = numbers(colour).map(part)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  let at = element
  while (at.parentElement && numbers(getComputedStyle(at).backgroundColor)[3] === 0) at = at.parentElement
  const ink = luminance(getComputedStyle(element).color)
  const paper = luminance(getComputedStyle(at).backgroundColor)
  return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)
}`
