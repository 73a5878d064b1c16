// Split dumps: the files of one recipe, each with `part`, opened together and apart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flatten } from '../../../test/support/flatten.ts'
import { mkdiskdump } from '../../../test/support/mkdiskdump.ts'
import { countBytes } from '../../../test/support/vmcore_recipe.ts'
import { setBit } from '../base/bits.ts'
import { FaultError } from '../base/errors.ts'
import { memorySource } from '../io/memory_source.ts'
import type { DiskdumpHeader } from './diskdump_header.ts'
import { findMissing } from './diskdump_parts.ts'
import type { Dump } from './dump_format.ts'
import { openDump } from './formats.ts'

const DUMP = `
  vmcoreinfo OSRELEASE=6.1.0
  page 0 raw
  page 1-6 lzo
  page 7 excluded
  page 9-20 zlib`
const PFN_END = 21

const partFile = (range: string, facts = ''): Uint8Array =>
  mkdiskdump(`${facts}\npart ${range}\n${DUMP}`)

function open(...files: readonly (readonly [name: string, bytes: Uint8Array])[]): Dump {
  const [source, ...parts] = files.map(([name, bytes]) => memorySource(bytes, name))
  return openDump(source ?? assert.fail(), { parts })
}

/** What reading each frame gives: 'ok' if it is right. */
function outcomes(dump: Dump): string[] {
  return Array.from({ length: PFN_END }, (_, pfn) => {
    const page = new Uint8Array(4096)
    try {
      dump.readPhysical(pfn * 4096, page)
    } catch (error) {
      return error instanceof FaultError ? error.reason : String(error)
    }
    assert.deepEqual(page, countBytes(pfn * 4096, 4096, dump.littleEndian))
    return 'ok'
  })
}

const WHOLE = outcomes(open(['whole', mkdiskdump(DUMP)]))

test('the parts of a dump, in any order, read as the whole', () => {
  const a = ['a', partFile('0-5')] as const
  const b = ['b', partFile('5-12')] as const
  const c = ['c', partFile('12-21')] as const
  for (const files of [
    [a, b, c],
    [c, b, a],
    [b, a, c],
  ]) {
    const dump = open(...files)
    assert.equal(dump.incomplete, false)
    assert.equal(dump.incompleteReason, undefined)
    assert.deepEqual(outcomes(dump), WHOLE)
  }
})

test('a dump split anywhere, in old headers and new, reads as the whole', () => {
  const facts = fc.constantFrom('', 'version 2', 'endian big', 'abi arm', 'abi i386\nversion 5')
  const anyCuts = fc.uniqueArray(fc.integer({ min: 1, max: PFN_END - 1 }), { maxLength: 4 })
  fc.assert(
    fc.property(facts, anyCuts, (fact, cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), PFN_END]
      const files = edges
        .slice(1)
        .map((end, i) => [`${i}`, partFile(`${edges[i]}-${end}`, fact)] as const)
      const dump = open(...files)
      assert.equal(dump.incomplete, false)
      assert.deepEqual(outcomes(dump), WHOLE)
    }),
    { numRuns: 60 },
  )
})

test('parts that hold no frames, as makedumpfile leaves them, change nothing', () => {
  const dump = open(['a', partFile('21-21')], ['b', partFile('0-21')], ['c', partFile('21-21')])
  assert.equal(dump.incomplete, false)
  assert.deepEqual(outcomes(dump), WHOLE)
})

test('a part alone opens incomplete; pages of the other parts are truncated, not zeros', () => {
  const dump = open(['b', partFile('5-12')])
  assert.equal(dump.incomplete, true)
  assert.equal(
    dump.incompleteReason,
    'pages of frames 0x0-0x4, 0xc-0x14 are in other parts of the split dump, not given',
  )
  const expected = WHOLE.map((outcome, pfn) =>
    outcome === 'ok' && (pfn < 5 || pfn >= 12) ? 'truncated' : outcome,
  )
  assert.deepEqual(outcomes(dump), expected)
})

test('a part that is missing is missed only if it holds a page', () => {
  const without7and8 = [['a', partFile('0-7')] as const, ['c', partFile('9-21')] as const]
  assert.equal(open(...without7and8).incomplete, false)
  assert.equal(
    open(['a', partFile('0-7')], ['c', partFile('10-21')]).incompleteReason,
    'pages of frames 0x7-0x9 are in other parts of the split dump, not given',
  )
})

test('a part that lost its end makes the dump incomplete, and is named', () => {
  const dump = open(['a', partFile('0-5')], ['b', partFile('5-21').subarray(0, -1)])
  assert.equal(dump.incompleteReason, 'b: the file ends before its last pages')
  assert.equal(outcomes(dump).filter((outcome) => outcome === 'truncated').length, 1)
})

test('of a large part too its own last pages tell whether it was cut', () => {
  const large = (facts: string): Uint8Array =>
    mkdiskdump(`${facts}\npage 0-40000 zero\npage 40001 raw`)
  const first = ['a', large('part 0-20000')] as const
  const second = large('part 20000-40002')
  assert.equal(open(first, ['b', second]).incomplete, false)
  assert.equal(
    open(first, ['b', second.subarray(0, -1)]).incompleteReason,
    'b: the file ends before its last pages',
  )
})

test('parts may be flattened', () => {
  const dump = open(['a', flatten(partFile('0-5'))], ['b', partFile('5-21')])
  assert.equal(dump.container, 'flattened')
  assert.deepEqual(outcomes(dump), WHOLE)
})

const MISFITS: readonly (readonly [
  what: string,
  files: readonly (readonly [string, Uint8Array])[],
  message: string,
])[] = [
  [
    'a part given twice',
    [
      ['a', partFile('0-5')],
      ['b', partFile('0-5')],
    ],
    'b: holds page frame 0x0 as a does: give each part once',
  ],
  [
    'parts that overlap',
    [
      ['b', partFile('4-21')],
      ['a', partFile('0-5')],
    ],
    'b: holds page frame 0x4 as a does: give each part once',
  ],
  [
    'a whole dump among parts',
    [
      ['a', partFile('0-5')],
      ['w', mkdiskdump(DUMP)],
    ],
    'w: is a whole dump, no part of a split one: open it alone',
  ],
  [
    'two whole dumps',
    [
      ['v', mkdiskdump(DUMP)],
      ['w', mkdiskdump(DUMP)],
    ],
    'v: is a whole dump, no part of a split one: open it alone',
  ],
  [
    'a part of another kernel',
    [
      ['a', partFile('0-5')],
      ['b', partFile('5-21', 'release 6.12.0')],
    ],
    'b: is no part of the dump that a is of: its kernel release differs',
  ],
  [
    'a part of another crash of the same kernel',
    [
      ['a', partFile('0-5')],
      ['b', partFile('5-21', 'vmcoreinfo CRASHTIME=1')],
    ],
    'b: is no part of the dump that a is of: its VMCOREINFO differs',
  ],
  [
    'a part of a dump of other pages',
    [
      ['a', partFile('0-5')],
      ['b', mkdiskdump(`part 5-21\n${DUMP}`.replace('7 excluded', '8 excluded'))],
    ],
    'b: is no part of the dump that a is of: its bitmap differs',
  ],
  [
    'a part of a smaller machine',
    [
      ['a', partFile('0-5')],
      ['b', mkdiskdump(`part 5-20\n${DUMP}`.replace('9-20', '9-19'))],
    ],
    'b: is no part of the dump that a is of: its number of page frames differs',
  ],
]
for (const [what, files, message] of MISFITS) {
  test(`${what}: one error that names the file`, () => {
    assert.throws(() => open(...files), { name: 'UsageError', message })
  })
}

test('what no part holds is found to the frame, wherever in a byte its bit is', () => {
  const pfnEnd = 80
  const source = memorySource(new Uint8Array(0))
  const dumped = new Uint8Array(pfnEnd / 8)
  const header = { pfnEnd } as DiskdumpHeader
  const file = { source, header, start: 11, end: 21, exists: dumped, dumped, vmcoreinfo: undefined }
  assert.deepEqual(findMissing([file]), [])
  for (const pfn of [0, 7, 8, 10, 21, 24, 79]) {
    dumped.fill(0)
    setBit(dumped, pfn)
    const [run] = findMissing([file])
    assert.deepEqual(run, pfn < 11 ? { start: 0, end: 11 } : { start: 21, end: pfnEnd })
  }
  dumped.fill(0)
  for (const pfn of [11, 15, 16, 20]) setBit(dumped, pfn)
  assert.deepEqual(findMissing([file]), [])
})
