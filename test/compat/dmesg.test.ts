// --dump-dmesg against makedumpfile's, byte for byte. Dumps whose log was cleared are made by writing clear_seq into a
// copy of a real one.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { cachePath } from '../../scripts/cache.ts'
import { VmcoreInfo } from '../../src/core/debuginfo/vmcoreinfo.ts'
import { openDump } from '../../src/core/dump/formats.ts'
import { parseElfFile } from '../../src/core/elf/elf_file.ts'
import { PT_LOAD } from '../../src/core/elf/elf_layout.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { dumpDmesg } from '../../src/host/capture/dump_dmesg.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-dmesg-'))
after(() => fs.rmSync(folder, { recursive: true }))
const log = path.join(folder, 'log')

for (const series of ['6.1', '6.12', 'sid']) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const skip = !fs.existsSync(vmcore) && `${vmcore} is missing: npm run vm makes it`
  for (const { name, command } of peers('makedumpfile')) {
    describe(`${series}: ${name}`, { skip }, () => {
      test('the log is the same bytes', () => {
        assert.ok(ours(vmcore, command, false).equals(theirs(vmcore, command, [])))
      })
      test('so is what came since it was cleared', () => {
        const raw = path.join(folder, `${series}.raw`)
        for (const seqs of [
          [0, 100, 200],
          [1, 100, 200],
          [2, 0, 5],
          [0, 400, 400],
        ] as const) {
          writeCleared(vmcore, raw, seqs)
          const partial = theirs(raw, command, ['--partial-dmesg'])
          assert.ok(ours(raw, command, true).equals(partial), seqs.join())
          assert.ok(partial.length > 0)
        }
        fs.rmSync(raw)
      })
    })
  }
}

function theirs(vmcore: string, command: string, options: readonly string[]): Buffer {
  fs.rmSync(log, { force: true })
  const { status, stderr } = spawnSync(command, ['--dump-dmesg', ...options, vmcore, log])
  assert.equal(status, 0, stderr.toString())
  return fs.readFileSync(log)
}

function ours(vmcore: string, command: string, partial: boolean): Buffer {
  const text = spawnSync(command, ['-v'], { encoding: 'latin1' }).stdout
  const version = /version (\S+)/.exec(text)?.[1] ?? ''
  const callers = version.localeCompare('1.7.5', 'en', { numeric: true }) >= 0
  using dump = openDump(openFileSource(vmcore))
  return Buffer.concat([...dumpDmesg(dump, { partial, callers })])
}

/** A copy of an ELF vmcore whose `struct latched_seq clear_seq` has these numbers, wherever its page lies in the file. */
function writeCleared(
  vmcore: string,
  to: string,
  [latch, first, second]: readonly [number, number, number],
): void {
  fs.copyFileSync(vmcore, to)
  const program = openKernel(openFileSource(vmcore))
  const info = VmcoreInfo.parse(program.dump.vmcoreinfo ?? new Uint8Array())
  const physical = program.memory.toPhysical(info.getSymbol('clear_seq'))
  const value = Buffer.alloc(24)
  value.writeUInt32LE(latch, 0)
  value.writeUInt32LE(first, 8)
  value.writeUInt32LE(second, 16)
  const file = fs.openSync(to, 'r+')
  for (const { start, size, offset } of loadSegments(to)) {
    if (physical < start || physical >= start + size) continue
    fs.writeSync(file, value, 0, value.length, offset + physical - start)
  }
  fs.closeSync(file)
}

/** The kernel image lies in two segments. */
function loadSegments(file: string): { start: number; size: number; offset: number }[] {
  using source = openFileSource(file)
  return parseElfFile(source)
    .programHeaders.filter(({ p_type }) => p_type === PT_LOAD)
    .map(({ p_paddr, p_filesz, p_offset }) => ({
      start: Number(p_paddr),
      size: p_filesz,
      offset: p_offset,
    }))
}
