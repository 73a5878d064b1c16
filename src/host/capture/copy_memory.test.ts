// Files as memory, copied to files.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { openFileOutput } from '../platform/file_output.ts'
import { limitOutput } from '../platform/limited_output.ts'
import { NO_HOOKS, type CaptureConfig } from './capture_config.ts'
import { captureWork } from './capture_work.ts'
import { copyMemory } from './copy_memory.ts'

const WATCH = { onProgress: () => {}, isExpired: () => false }

async function inFolder(work: (at: (name: string) => string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-copy-'))
  try {
    await work((name) => path.join(folder, name))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the copy is the same bytes, with holes where there are zeros', () =>
  inFolder(async (at) => {
    const memory = Buffer.alloc((5 << 20) + 100)
    memory.write('begin', 10)
    memory.write('amid', 3 << 20)
    writeFileSync(at('memory'), memory)
    const output = openFileOutput(at('copy'), { overwrite: true })
    assert.equal(await copyMemory(at('memory'), output, WATCH), '')
    output.close()
    assert.ok(readFileSync(at('copy')).equals(memory))
    assert.ok(statSync(at('copy')).blocks * 512 < 4 << 20)
  }))

test('a copy without room says so and keeps what fits', () =>
  inFolder(async (at) => {
    writeFileSync(at('memory'), Buffer.alloc(4 << 20, 1))
    const file = openFileOutput(at('copy'), { overwrite: true })
    const problem = await copyMemory(at('memory'), limitOutput(file, 3 << 20), WATCH)
    file.close()
    assert.match(problem, /limit of 3145728/)
    assert.equal(statSync(at('copy')).size, 3 << 20)
  }))

test('memory in which no kernel can be found is copied as it is', () =>
  inFolder(async (at) => {
    // An ELF core of x86_64 with one note of no use and a page of memory.
    const elf = Buffer.alloc(0x2000, 0x41)
    elf.fill(0, 0, 0x1000)
    elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
    elf.writeUInt16LE(4, 16)
    elf.writeUInt16LE(62, 18)
    elf.writeUInt32LE(1, 20)
    elf.writeBigUInt64LE(64n, 32)
    for (const [offset, value] of [
      [52, 64],
      [54, 56],
      [56, 2],
    ] as const)
      elf.writeUInt16LE(value, offset)
    elf.writeUInt32LE(4, 64)
    elf.writeBigUInt64LE(0x200n, 72)
    elf.writeBigUInt64LE(0x40n, 96)
    elf.writeUInt32LE(11, 0x200)
    elf.writeUInt32LE(16, 0x204)
    elf.write('NOTTHEINFO\0\0', 0x20c)
    elf.fill(0x58, 0x218, 0x228)
    elf.writeUInt32LE(1, 120)
    elf.writeBigUInt64LE(0x1000n, 128)
    elf.writeBigUInt64LE(0x1000n, 152)
    elf.writeBigUInt64LE(0x1000n, 160)
    writeFileSync(at('vmcore'), elf)
    const config = { dumpLevels: [31], codec: 'zstd', pageOrder: 'priority', hooks: NO_HOOKS }
    const run = { onProgress: () => {}, isExpired: () => false }
    const open = async () => openFileOutput(at('copy'), { overwrite: true })
    const facts = await captureWork.dump(
      at('vmcore'),
      open,
      config as unknown as CaptureConfig,
      run,
    )
    assert.equal(facts.problem, '')
    assert.match(String(facts['unfiltered']), /VMCOREINFO/)
    assert.ok(readFileSync(at('copy')).equals(elf))
  }))
