// Our dumps of real crashes, cut short: what a reader needs first is all there at 60 % of the file's length. The vmcores are
// those that test/vm left in the cache.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { cachePath } from '../../scripts/cache.ts'
import { renderText } from '../../src/core/render/render_text.ts'
import { COMMANDS } from '../../src/core/crash/commands.ts'
import { runWords } from '../../src/core/crash/run_command.ts'
import { Session } from '../../src/core/crash/session.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { registerNativeCodecs } from '../../src/host/platform/native_codecs.ts'

const KBOX = path.resolve(import.meta.dirname, '../../bin/kbox')
const SERIES = ['6.1', '6.12', 'sid', '6.1-large']
/** Of 4 GiB two codecs are enough. */
const FEW_CODECS = ['-z', '']
const CODECS = ['-z', '-l', '-c', '']
/** Per cent of the file's length, descending: one copy is cut shorter and shorter. */
const CUTS = [99, 95, 90, 85, 80, 75, 70, 65, 60]
const FEW_CUTS = [99, 80, 60]
const COMMAND_LINES = ['log', 'bt', 'ps', 'foreach bt']
/** The log alone needs neither symbols nor types. */
const LOG_CUT = 10

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-cut-'))
after(() => fs.rmSync(folder, { recursive: true }))
registerNativeCodecs()

for (const series of SERIES) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const skip = fs.existsSync(vmcore) ? false : `${vmcore} is missing: npm run vm makes it`
  describe(`${series}: a dump cut short`, { skip }, () => {
    for (const codec of series.endsWith('large') ? FEW_CODECS : CODECS) {
      const name = codec === '' ? 'raw' : codec
      const cuts = codec === '-z' ? CUTS : FEW_CUTS
      test(`${name}: log, all stacks and ps at ${cuts.join(', ')} % are those of the whole`, () => {
        const dump = path.join(folder, 'vmcore')
        makeDump(codec, vmcore, dump)
        const { size } = fs.statSync(dump)
        const whole = run(dump, COMMAND_LINES)
        whole.forEach((text, i) => assert.ok(text.length > 500, `${COMMAND_LINES[i]}: ${text}`))
        for (const cut of cuts) {
          fs.truncateSync(dump, Math.floor((size * cut) / 100))
          run(dump, COMMAND_LINES).forEach((text, i) =>
            assert.equal(text, whole[i], `${COMMAND_LINES[i]} at ${cut} %`),
          )
        }
        fs.truncateSync(dump, Math.floor((size * LOG_CUT) / 100))
        assert.deepEqual(run(dump, ['log']), whole.slice(0, 1), `log at ${LOG_CUT} %`)
      })
    }
  })
}

function makeDump(codec: string, vmcore: string, dump: string): void {
  const options = ['-f', ...(codec === '' ? [] : [codec]), '-d', '31', '--message-level', '4']
  execFileSync(KBOX, ['makedumpfile', ...options, vmcore, dump])
}

/** What commands of crash print of a file. */
function run(file: string, lines: readonly string[]): string[] {
  using source = openFileSource(file)
  const session = new Session(openKernel(source), COMMANDS)
  return lines.map((line) => [...renderText(runWords(session, line.split(' ')))].join(''))
}
