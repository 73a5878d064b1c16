// Puts into docs/cookbook.md what each script prints on the 6.12 dump of the cache: bin/node scripts/cookbook.ts. What is
// there afterwards is to be read, not believed: a dump made anew has other addresses.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { COOKBOOK_FILE, readCookbook } from '../test/support/cookbook.ts'
import { runScript } from '../test/support/run_script.ts'
import { cachePath } from './cache.ts'

/** Lines shown of each. */
const LINES_MAX = 6
const WIDTH_MAX = 110

const recipes = readCookbook()
let text = readFileSync(COOKBOOK_FILE, 'utf8')
for (const { title, script, output } of recipes) {
  const lines = await runScript(script, cachePath('dumps', '6.12', 'vmcore.elf'))
  const shown = lines.slice(0, LINES_MAX).map((line) => line.slice(0, WIDTH_MAX).trimEnd())
  const block = `\`\`\`text\n${shown.join('\n')}\n\`\`\`\n`
  const code = `\`\`\`ts\n${script}\`\`\`\n`
  const formatted = `\`\`\`ts\n${format(script)}\`\`\`\n`
  const old = output === '' ? code : `${code}\n\`\`\`text\n${output}\`\`\`\n`
  if (!text.includes(old)) throw new Error(`${title}: nothing may stand between script and output`)
  text = text.replace(old, () => `${formatted}\n${block}`)
}
writeFileSync(COOKBOOK_FILE, text)

function format(script: string): string {
  return execFileSync('node_modules/.bin/oxfmt', ['--stdin-filepath', 'script.ts'], {
    input: script,
    encoding: 'utf8',
  })
}
