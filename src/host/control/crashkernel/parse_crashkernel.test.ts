// Command lines as text, memory as a number: what each kernel reads of them. K2, K4, K5 and K6 are vectors of the notes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kernelKind } from './kernel_kind.ts'
import { formatSize, memparse } from './memparse.ts'
import { type ParsedCrashkernel, parseCrashkernel } from './parse_crashkernel.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const NEW = kernelKind('x86_64', '6.17.1')
const V612 = kernelKind('x86_64', '6.12.0-amd64')
const OLD = kernelKind('x86_64', '6.1.0-cloud-amd64')
const PPC = kernelKind('ppc64le', '6.12.0')

const parse = (cmdline: string, ram: number, kind = NEW): ParsedCrashkernel =>
  parseCrashkernel(cmdline, ram, kind)

/** What is asked for, as text: size, @base, and what `,high` brings. */
function asked(cmdline: string, ram: number, kind = NEW): string {
  const { request } = parse(cmdline, ram, kind)
  if (!request) return 'nothing'
  const { sizeBytes, baseBytes, isHigh, lowBytes, cmaBytes } = request
  return [
    formatSize(sizeBytes),
    baseBytes > 0n ? `@${formatSize(baseBytes)}` : '',
    isHigh ? `,high low ${formatSize(lowBytes)}` : '',
    cmaBytes > 0n ? ` cma ${formatSize(cmaBytes)}` : '',
  ].join('')
}

test('memparse reads decimal, hexadecimal and octal numbers with units, as the kernel does', () => {
  const cases = [
    ['192M', 192n << 20n, 4],
    ['0x10m', 16n << 20n, 5],
    ['0x', 0n, 1],
    ['010k', 8n << 10n, 4],
    ['08', 0n, 1],
    ['1T', 1n << 40n, 2],
    ['1P', 1n << 50n, 2],
    ['1E', 1n << 60n, 2],
    ['16E', 0n, 3],
    ['', 0n, 0],
    ['M', 0n, 0],
    ['5,high', 5n, 1],
  ] as const
  for (const [text, value, end] of cases) assert.deepEqual(memparse(text, 0), { value, end }, text)
})

const UNSORTED = 'crashkernel=4G-64G:256M,2G-4G:192M,64G-1T:512M,1T-:12345M'

test('K2: ranges need no order; their start is inclusive, their end exclusive', () => {
  const cases = [
    [1 * GIB, 'nothing'],
    [2 * GIB, '192M'],
    [4 * GIB, '256M'],
    [64 * GIB, '512M'],
    [1024 * GIB, '12345M'],
  ] as const
  for (const [ram, expected] of cases) assert.equal(asked(UNSORTED, ram), expected, String(ram))
})

test('K2: RAM is rounded up to 128 MiB before ranges are looked at', () => {
  assert.equal(asked('crashkernel=1G-4G:192M', 1000 * MIB), '192M')
  assert.equal(asked('crashkernel=1G-4G:192M', 896 * MIB), 'nothing')
  assert.equal(asked('crashkernel=1G-4G:192M', 4 * GIB - 128 * MIB), '192M')
  assert.equal(asked('crashkernel=1G-4G:192M', 4 * GIB - 128 * MIB + 1), 'nothing')
})

test('K4: what is invalid is refused with the words of the kernel', () => {
  const cases = [
    ['crashkernel=', 'crashkernel: memory value expected'],
    ['crashkernel=auto', 'crashkernel: memory value expected'],
    ['crashkernel=192Mi', 'crashkernel: unrecognized char: i'],
    ['crashkernel=192M,foo', 'crashkernel: unrecognized char: ,'],
    ['crashkernel=1G:192M', "crashkernel: '-' expected"],
    ['crashkernel=-4G:192M', 'crashkernel: Memory value expected'],
    ['crashkernel=1G-4G', 'crashkernel: unrecognized char: -'],
    ['crashkernel=1G-2G,4G:192M', "crashkernel: ':' expected"],
    ['crashkernel=1G-x:192M', 'crashkernel: Memory value expected'],
    ['crashkernel=4G-1G:192M', 'crashkernel: end <= start'],
    ['crashkernel=1G-1G:192M', 'crashkernel: end <= start'],
    ['crashkernel=1G-4G:', 'crashkernel: Memory value expected'],
    ['crashkernel=0-4G:192M@', "crashkernel: Memory value expected after '@'"],
    ['crashkernel=4G-16G:2G,1G-:64M', 'crashkernel: invalid size'],
    ['crashkernel=x,high', 'crashkernel: memory value expected'],
    ['crashkernel=64M,high crashkernel=x,low', 'crashkernel: memory value expected'],
  ] as const
  for (const [cmdline, message] of cases) {
    const { request, messages, failure } = parse(cmdline, 2 * GIB)
    assert.equal(request, undefined, cmdline)
    assert.deepEqual(messages, [message], cmdline)
    assert.notEqual(failure, '', cmdline)
  }
})

test('K4: a range too large is no matter behind the one that holds the memory', () => {
  assert.equal(asked('crashkernel=1G-4G:64M,4G-16G:2G', 2 * GIB), '64M')
})

test('K4: no range, a size of zero, and a size of all memory reserve nothing', () => {
  const none = parse('crashkernel=4G-:256M', 2 * GIB)
  assert.equal(none.request, undefined)
  assert.deepEqual(none.messages, ['crashkernel size resulted in zero bytes'])
  assert.equal(
    none.failure,
    'crashkernel=4G-:256M: no range gives memory to 2G (RAM rounded up to 128M)',
  )
  assert.equal(asked('crashkernel=0', 2 * GIB), 'nothing')
  assert.equal(asked('crashkernel=2G', 2 * GIB), 'nothing')
  assert.match(parse('crashkernel=2G', 2 * GIB).failure, /as much as there is \(2G\) or more/)
  assert.equal(parse('ro quiet', 2 * GIB).failure, 'there is no crashkernel=')
})

test('K5: high, low and cma together', () => {
  const cases = [
    ['crashkernel=256M,high', '256M,high low 256M'],
    ['crashkernel=256M,high crashkernel=72M,low', '256M,high low 72M'],
    ['crashkernel=256M,high crashkernel=0,low', '256M,high low 0'],
    ['crashkernel=72M,low', 'nothing'],
    ['crashkernel=512M,cma', 'nothing'],
    ['crashkernel=128M crashkernel=512M,cma', '128M cma 512M'],
    ['crashkernel=512M,cma crashkernel=256M,high', '256M,high low 256M cma 512M'],
    ['crashkernel=256M,high crashkernel=128M', '128M'],
    ['swiotlb=262144 crashkernel=256M,high', '256M,high low 520M'],
  ] as const
  for (const [cmdline, expected] of cases) assert.equal(asked(cmdline, 8 * GIB), expected, cmdline)
})

test('K5: a kernel without cma takes it for a plain size with junk, and reserves nothing at all', () => {
  const line = 'crashkernel=128M crashkernel=512M,cma'
  assert.equal(asked(line, 8 * GIB, V612), 'nothing')
  assert.deepEqual(parse(line, 8 * GIB, V612).messages, ['crashkernel: unrecognized char: ,'])
})

test('K5: where high is not known, only the plain form counts', () => {
  assert.equal(asked('crashkernel=256M,high', 8 * GIB, PPC), 'nothing')
  assert.equal(asked('crashkernel=256M,high crashkernel=128M', 8 * GIB, PPC), '128M')
})

test("K5: x86's own code tries high when the plain form is invalid", () => {
  const line = 'crashkernel=256M,high crashkernel=junk'
  assert.equal(asked(line, 8 * GIB, OLD), '256M,high low 256M')
  assert.equal(asked(line, 8 * GIB, V612), 'nothing')
  assert.equal(asked('crashkernel=256M,high crashkernel=x,low', 8 * GIB, OLD), '256M,high low 256M')
})

test('K6: the last one without suffix wins', () => {
  assert.equal(asked('crashkernel=64M crashkernel=128M@16M quiet', 2 * GIB), '128M@16M')
  const { verdicts } = parse('crashkernel=64M ro crashkernel=128M', 2 * GIB)
  assert.deepEqual(
    verdicts.map(({ text, isUsed }) => [text, isUsed]),
    [
      ['crashkernel=64M', false],
      ['crashkernel=128M', true],
    ],
  )
})

test('the kernel looks for the text, not for the word', () => {
  assert.equal(asked('crcrashkernel=96M', 2 * GIB), '96M')
  assert.equal(asked('crashkernel=64M foo="crashkernel=32M x"', 2 * GIB), '32M')
})

test('the ranges of the one that counts are told one by one', () => {
  const { verdicts } = parse('crashkernel=2G-4G:192M,4G-:256M ro', 8 * GIB)
  assert.deepEqual(verdicts, [
    {
      text: 'crashkernel=2G-4G:192M,4G-:256M',
      isUsed: true,
      reason: 'asks for 256M: RAM rounded up to 128M is 8G',
    },
    { text: '2G-4G:192M', isUsed: false, reason: 'does not hold 8G' },
    { text: '4G-:256M', isUsed: true, reason: 'holds 8G' },
  ])
})

test('a size survives writing and reading', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n }), (bytes) => {
      const text = formatSize(bytes)
      assert.deepEqual(memparse(text, 0), { value: bytes, end: text.length })
    }),
  )
})

test('of sorted ranges that touch, exactly the one that holds the rounded memory is taken', () => {
  const table = fc.uniqueArray(fc.integer({ min: 1, max: 4096 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(table, fc.integer({ min: 1, max: 600_000 }), (starts, ramMb) => {
      const sorted = starts.toSorted((a, b) => a - b)
      const ranges = sorted.map(
        (start, index) =>
          `${start}G-${sorted[index + 1] ?? ''}${sorted[index + 1] ? 'G' : ''}:${index + 1}M`,
      )
      const rounded = Math.ceil(ramMb / 128) * 128
      const index = sorted.findLastIndex((start) => start * 1024 <= rounded)
      const expected = index < 0 || index + 1 >= ramMb ? 'nothing' : `${index + 1}M`
      assert.equal(asked(`crashkernel=${ranges.join(',')}`, ramMb * MIB), expected)
    }),
  )
})

test('whatever stands on the line, the answer is a size below the memory or a reason', () => {
  const word = fc.stringMatching(/^[-0-9KMGx:,@hiloawcm ]{0,24}$/)
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 4 }),
      fc.constantFrom(NEW, V612, OLD, PPC),
      (words, kind) => {
        const line = words.map((text) => `crashkernel=${text}`).join(' ')
        const { request, failure } = parse(line, 8 * GIB, kind)
        if (request) {
          assert.ok(request.sizeBytes > 0n)
          assert.ok(!kind.isGeneric || request.sizeBytes < 8n << 30n)
        } else assert.notEqual(failure, '')
      },
    ),
    { numRuns: 2000 },
  )
})

test('how a kernel reads is told by its release; one that is not known counts as the newest', () => {
  const cases = [
    ['6.6.99', false, false],
    ['6.7.0-rc1', true, false],
    ['6.16.3', true, false],
    ['6.17.0', true, true],
    ['7.0.0', true, true],
    ['5.14.0-500.el9', false, false],
    ['', true, true],
  ] as const
  for (const [release, isGeneric, hasCma] of cases) {
    const kind = kernelKind('x86_64', release)
    assert.deepEqual([kind.isGeneric, kind.hasCma], [isGeneric, hasCma], release)
  }
  assert.equal(kernelKind('x86_64', '4.18.0-553.el8_10.x86_64').autoOfRhel, 8)
  assert.equal(kernelKind('x86_64', '2.6.32-754.el6.x86_64').autoOfRhel, 6)
  assert.equal(kernelKind('x86_64', '5.14.0-500.el9.x86_64').autoOfRhel, 0)
  assert.throws(() => kernelKind('vax', '6.1'), /crashkernel= on vax; known are x86_64/)
})
