// Pages in Debian's Chromium, without a network: what they load, say and refuse is kept.
import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'

const CHROMIUM = '/usr/bin/chromium'

/** Why there is no browser; false if there is one. */
export const noBrowser = existsSync(CHROMIUM) ? false : `no ${CHROMIUM}: scripts/setup.sh --test`

/** Start it; tests run as root too. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
}

/** A page, and what went on in it that should not. */
export interface WatchedPage {
  readonly page: Page
  /** Requests besides the page itself, errors, dialogs, breaches of its policy, words on the console. */
  readonly complaints: string[]
}

/** Open a file in a page of its own. */
export async function openPage(
  browser: Browser,
  file: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ offline: true, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  const url = `file://${file}`
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== url) complaints.push(`request: ${request.url()}`)
  })
  page.on('console', (message) => complaints.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(url)
  return { page, complaints }
}
