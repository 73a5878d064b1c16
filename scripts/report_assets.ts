// Writes src/core/report/render/html/assets.ts: the style and the script of the HTML report as text, with the hashes by
// which the page's policy knows them. `npm run docs`; a test says when it was forgotten.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { build } from 'esbuild'

/** What is written. */
export const ASSETS_FILE = 'src/core/report/render/html/assets.ts'

/** The module as it should be. */
export async function reportAssets(): Promise<string> {
  const style = await bundle('src/ui/report/report.css')
  const script = await bundle('src/ui/report/main.ts')
  return `// The style and the script of the HTML report, written by \`bin/node scripts/report_assets.ts\` from src/ui/report; the
// hashes are what the page's Content-Security-Policy knows them by.

/** The style. */
export const REPORT_STYLE =
  ${literal(style)}

/** Its hash. */
export const REPORT_STYLE_HASH = '${hashOf(style)}'

/** The script. */
export const REPORT_SCRIPT =
  // The script has templates of its own.
  // oxlint-disable-next-line no-template-curly-in-string
  ${literal(script)}

/** Its hash. */
export const REPORT_SCRIPT_HASH = '${hashOf(script)}'
`
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: ['chrome119', 'firefox121', 'safari17.4'],
    charset: 'ascii',
    logLevel: 'warning',
  })
  const text = outputFiles[0]?.text.trim() ?? ''
  if (/<\/(?:script|style)/i.test(text)) throw new Error(`${entry} would end its own element`)
  return text
}

const hashOf = (text: string): string =>
  `sha256-${createHash('sha256').update(text).digest('base64')}`

/** As the formatter would write it. */
function literal(text: string): string {
  const json = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
  return `'${json.replaceAll("'", String.raw`\'`)}'`
}

if (import.meta.main) writeFileSync(ASSETS_FILE, await reportAssets())
