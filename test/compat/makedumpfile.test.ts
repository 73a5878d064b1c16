// Our engine against makedumpfile's, on the vmcores that test/vm left in the cache: the same bytes in frame order, the
// same counts, and each reads what the other wrote. crash opens every codec.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'
import { IS_WHOLE } from '../support/extent.ts'

const KBOX = path.resolve(import.meta.dirname, '../../bin/kbox')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-compat-'))
after(() => fs.rmSync(folder, { recursive: true }))

/** Series, and since which version makedumpfile filters it right. */
const SERIES = [
  { series: '6.1', since: '1.7.2' },
  { series: '6.12', since: '1.7.7' },
] as const
/** Each bit once, none and all; in a whole run every combination. */
const LEVELS = IS_WHOLE ? Array.from({ length: 32 }, (_, level) => level) : [0, 1, 2, 4, 8, 16, 31]
const CODEC_OPTIONS = ['', '-c', '-l', '-p', '-z']
/** Of the first kernel and tool every codec; of the others none and the newest. */
const codecsOf = (isFirst: boolean): readonly string[] =>
  IS_WHOLE || isFirst ? CODEC_OPTIONS : ['', '-z']

const file = (name: string): string => path.join(folder, name)

for (const { series, since } of SERIES) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  for (const [index, { name, command }] of peers('makedumpfile').entries()) {
    const codecs = codecsOf(series === SERIES[0].series && index === 0)
    const skip = reasonToSkip(vmcore, command, since)
    describe(`${series}: ${name}`, { skip }, () => {
      test('raw dumps in frame order are the same bytes, level by level', () => {
        for (const level of LEVELS) {
          run(command, `-f -d ${level} --message-level 4`, vmcore, file('theirs'))
          run(
            KBOX,
            `makedumpfile -f -d ${level} --page-order pfn --message-level 4`,
            vmcore,
            file('ours'),
          )
          assert.ok(isSame('ours', 'theirs'), `level ${level}`)
        }
      })

      test('classes are counted alike', () => {
        const options = '-f -d 31 --message-level 16'
        const theirs = run(command, options, vmcore, file('theirs'))
        const ours = run(KBOX, `makedumpfile --page-order pfn ${options}`, vmcore, file('ours'))
        assert.deepEqual(classCounts(ours), classCounts(theirs))
        assert.equal(classCounts(ours).length, 8)
      })

      test('it filters our dumps again, and we filter its', () => {
        run(command, '-f -d 31 --message-level 4', vmcore, file('direct'))
        for (const option of supported(command, codecs)) {
          run(KBOX, `makedumpfile ${option} -f -d 1 --message-level 4`, vmcore, file('ours'))
          run(command, '-f -d 31 --message-level 4', file('ours'), file('again'))
          assert.ok(isSame('again', 'direct'), `ours ${option}`)
          run(command, `${option} -f -d 1 --message-level 4`, vmcore, file('theirs'))
          run(
            KBOX,
            'makedumpfile -f -d 31 --page-order pfn --message-level 4',
            file('theirs'),
            file('again'),
          )
          assert.ok(isSame('again', 'direct'), `theirs ${option}`)
        }
      })
    })
  }

  const vmlinux = findCachedKernel(series)?.vmlinux ?? ''
  // It takes seconds to start.
  for (const { name, command } of peers('crash').slice(IS_WHOLE ? 0 : -1)) {
    // crash 8.0.2 does not start on 6.12.
    const isTooOld = series !== '6.1' && name.includes('installed')
    const reason = !fs.existsSync(vmcore)
      ? `${vmcore} is missing: npm run vm makes it`
      : !fs.existsSync(vmlinux)
        ? `no vmlinux of ${series} in the cache`
        : isTooOld && 'this crash is older than the kernel'
    test(`${series}: ${name} opens each codec`, { skip: reason }, () => {
      const input = file('commands')
      fs.writeFileSync(input, 'sys\nkmem -i\nquit\n')
      const texts = codecsOf(series === SERIES[0].series).map((option) => {
        run(KBOX, `makedumpfile ${option} -f -d 31 --message-level 4`, vmcore, file('ours'))
        const result = spawnSync(command, ['-s', '-i', input, vmlinux, file('ours')], {
          encoding: 'latin1',
        })
        assert.equal(result.status, 0, result.stderr)
        return result.stdout
      })
      assert.match(texts[0] ?? '', /RELEASE: \S+/)
      for (const text of texts) assert.equal(text, texts[0])
    })
  }
}

function run(command: string, options: string, ...files: string[]): string {
  const result = spawnSync(command, [...options.split(' ').filter(Boolean), ...files], {
    encoding: 'latin1',
  })
  assert.equal(result.status, 0, `${command} ${options}: ${result.stderr}`)
  return result.stdout
}

function isSame(a: string, b: string): boolean {
  return spawnSync('cmp', ['-s', file(a), file(b)]).status === 0
}

/** `Free pages : 0x…` and the like; totals differ where makedumpfile counts the kernel image twice. */
function classCounts(report: string): string[] {
  const classes = /^ {4}(?:.* pages|Pages filled with zero) *: 0x[0-9a-f]+$|^(?:Total|Write) .*$/gm
  return (report.match(classes) ?? []).filter((line) => !line.startsWith('Total'))
}

function reasonToSkip(vmcore: string, command: string, since: string): string | false {
  if (!fs.existsSync(vmcore)) return `${vmcore} is missing: npm run vm makes it`
  const version = /version (\S+)/.exec(versionText(command))?.[1] ?? ''
  const isOld = version.localeCompare(since, 'en', { numeric: true }) < 0
  return isOld && `makedumpfile ${version} filters this kernel wrong (before ${since})`
}

function versionText(command: string): string {
  return spawnSync(command, ['-v'], { encoding: 'latin1' }).stdout
}

/** Compressions this build has. */
function supported(command: string, codecs: readonly string[]): string[] {
  const text = versionText(command)
  const optional = { '-l': 'lzo', '-p': 'snappy', '-z': 'zstd' }
  return codecs.filter((option) => {
    const codec = optional[option as keyof typeof optional] as string | undefined
    return codec === undefined || new RegExp(`^${codec}\\s+enabled`, 'm').test(text)
  })
}
