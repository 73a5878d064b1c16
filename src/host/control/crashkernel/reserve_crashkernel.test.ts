// Requests served from assumed memory: which side of 4 GiB, the low part, alignment, and each way to fail.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kernelKind } from './kernel_kind.ts'
import {
  assumeMemoryMap,
  freeRegions,
  parseCrashRegions,
  parseIomem,
  ramSize,
} from './memory_map.ts'
import { reservedBytes, simulateCrashkernel } from './simulate.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const NEW = kernelKind('x86_64', '6.17.1')
const OLD = kernelKind('x86_64', '6.1.0')
const ARM = kernelKind('aarch64', '6.12.0')

function simulate(words: string, ram: number, kind = NEW) {
  return simulateCrashkernel(words, assumeMemoryMap(ram, kind.arch), kind)
}

/** Megabytes: main size@start, low size@start. */
function places(words: string, ram: number, kind = NEW): string {
  const { reservation } = simulate(words, ram, kind)
  return [reservation?.main, reservation?.low]
    .map((region) =>
      region ? `${(region.end - region.start) / MIB}@${region.start / MIB}` : 'none',
    )
    .join(' ')
}

test('a plain size goes below 4 GiB where it fits, as high as it goes', () => {
  assert.equal(places('crashkernel=256M', 8 * GIB), '256@2816 none')
  assert.equal(places('crashkernel=250M', 8 * GIB), '250@2816 none')
  assert.equal(places('crashkernel=192M', 1 * GIB), '192@816 none')
})

test('a plain size that fits only above 4 GiB brings the default low part, whatever low says', () => {
  assert.equal(places('crashkernel=4G', 16 * GIB), '4096@13296 256@2816')
  assert.equal(places('crashkernel=4G crashkernel=72M,low', 16 * GIB), '4096@13296 256@2816')
  assert.equal(places('crashkernel=4G crashkernel=72M,low', 16 * GIB, OLD), '4096@13296 72@2992')
})

test('high goes above 4 GiB with its low part, and below where there is nothing above', () => {
  assert.equal(places('crashkernel=512M,high crashkernel=72M,low', 16 * GIB), '512@16880 72@2992')
  assert.equal(places('crashkernel=512M,high crashkernel=0,low', 16 * GIB), '512@16880 none')
  assert.equal(places('crashkernel=512M,high', 2 * GIB), '512@1520 none')
})

test('arm64 aligns to 2 MiB and takes 128 MiB low', () => {
  assert.equal(places('crashkernel=1G,high', 16 * GIB, ARM), '1024@16384 128@3968')
})

test('an offset is taken as it is, or nothing', () => {
  assert.equal(places('crashkernel=128M@64M', 2 * GIB), '128@64 none')
  const { failure, messages } = simulate('crashkernel=128M@65M', 2 * GIB)
  assert.equal(failure, 'the offset is no multiple of 16 MB')
  assert.deepEqual(messages, ['crashkernel reservation failed - memory is in use.'])
  assert.equal(places('crashkernel=128M@65M', 2 * GIB, OLD), '128@65 none')
  assert.match(simulate('crashkernel=128M@3G', 2 * GIB).failure, /in use, or there is none/)
})

test('what finds no place says so in the words of its kernel', () => {
  const huge = simulate('crashkernel=3070M', 3500 * MIB)
  assert.deepEqual(huge.messages, ['cannot allocate crashkernel (size:0xbfe00000)'])
  assert.deepEqual(simulate('crashkernel=3070M', 3500 * MIB, OLD).messages, [
    'crashkernel reservation failed - No suitable area found.',
  ])
  const low = simulate('crashkernel=1G,high crashkernel=3G,low', 16 * GIB)
  assert.equal(low.reservation?.main, undefined)
  assert.deepEqual(low.messages, ['cannot allocate crashkernel low memory (size:0xc0000000).'])
})

test('the log of a reservation is as the kernel writes it', () => {
  assert.deepEqual(simulate('crashkernel=256M', 8 * GIB).messages, [
    'crashkernel reserved: 0x00000000b0000000 - 0x00000000c0000000 (256 MB)',
  ])
  assert.deepEqual(simulate('crashkernel=256M', 8 * GIB, OLD).messages, [
    'Reserving 256MB of memory at 2816MB for crashkernel (System RAM: 8192MB)',
  ])
})

const IOMEM = `00000000-00000fff : Reserved
00001000-0009fbff : System RAM
00100000-bffdffff : System RAM
  01000000-01ffffff : Kernel code
  02000000-025fffff : Kernel rodata
  a0000000-b3ffffff : Crash kernel
100000000-13fffffff : System RAM
  130000000-13fffffff : Crash kernel
`

test('/proc/iomem gives the memory, what the kernel takes of it, and what is reserved now', () => {
  const map = parseIomem(IOMEM)
  assert.ok(map)
  assert.equal(ramSize(map), 0x9ec00 + 0xbfee0000 + 0x40000000)
  assert.deepEqual(map.taken[0], { start: 0x1000000, end: 0x2000000 })
  assert.deepEqual(parseCrashRegions(IOMEM), [
    { start: 0xa0000000, end: 0xb4000000 },
    { start: 0x130000000, end: 0x140000000 },
  ])
})

test('addresses hidden from a user are no map', () => {
  assert.equal(parseIomem('00000000-00000000 : System RAM\n'), undefined)
  assert.deepEqual(parseCrashRegions('00000000-00000000 : Crash kernel\n'), [])
})

test('what is reserved lies in free memory, aligned, as large as asked for', () => {
  const words = fc.constantFrom('SIZE', 'SIZE,high', 'SIZE@512M')
  const kinds = fc.constantFrom(NEW, OLD, ARM)
  fc.assert(
    fc.property(
      words,
      kinds,
      fc.integer({ min: 1, max: 9000 }),
      fc.integer({ min: 256, max: 20_000 }),
      (form, kind, size, ram) => {
        const map = assumeMemoryMap(ram * MIB, kind.arch)
        const free = freeRegions(map)
        const simulation = simulateCrashkernel(
          `crashkernel=${form.replace('SIZE', `${size}M`)}`,
          map,
          kind,
        )
        const { main, low } = simulation.reservation ?? {}
        for (const region of [main, low]) {
          if (!region) continue
          assert.ok(free.some(({ start, end }) => start <= region.start && region.end <= end))
          assert.equal(region.start % (2 * MIB), 0)
        }
        if (main)
          assert.equal(reservedBytes(simulation), size * MIB + (low ? low.end - low.start : 0))
        else assert.notEqual(simulation.failure, '')
        if (low) assert.ok(main && main.start >= kind.arch.lowMax && low.end <= kind.arch.lowMax)
      },
    ),
  )
})
