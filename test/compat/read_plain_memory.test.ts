// Real memory in the formats of others: each must tell what the vmcore it was made of tells. The dumps are those that
// test/vm left in the cache.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { cachePath } from '../../scripts/cache.ts'
import { openDump } from '../../src/core/dump/formats.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { convertDump, type ConvertedFormat } from '../support/convert_dump.ts'

const KBOX = path.join(import.meta.dirname, '..', '..', 'bin', 'kbox')
const FORMATS: readonly (readonly [format: ConvertedFormat, what: string])[] = [
  ['qemu', 'an ELF as QEMU writes it, without VMCOREINFO'],
  ['lime', 'a LiME file'],
  ['avml', 'an AVML file'],
  ['padded', 'plain memory'],
]

// Registers come from memory, where the dying CPUs left them: stacks of running tasks are whole, too.
const COMMANDS = 'log; ps; bt -a; mod; mount'

for (const series of ['6.1', '6.12', 'sid']) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const skip = existsSync(vmcore) ? false : `no ${vmcore} in the cache`
  for (const [format, what] of FORMATS) {
    test(`${what}, made of the vmcore of ${series}, tells the same`, { skip }, () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'kbox-plain-'))
      try {
        const file = path.join(folder, format)
        using source = openFileSource(vmcore)
        convertDump(openDump(source), file, format)
        const told = crash(file)
        assert.equal(told, crash(vmcore))
        assert.ok(told.split('\n').length > 300, 'too little to compare')
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }
}

function crash(file: string): string {
  const options = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const
  return execFileSync(KBOX, ['crash', '-s', file, '-c', COMMANDS], options)
}
