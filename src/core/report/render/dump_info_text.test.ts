// A file of which all is known, and one of which little is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DumpInfo } from '../dump_info.ts'
import { renderDumpInfoText } from './dump_info_text.ts'

const WHOLE: DumpInfo = {
  version: 1,
  file: 'vmcore',
  fileBytes: 3 * 2 ** 20,
  format: {
    name: 'kdump-compressed',
    container: 'flattened',
    headerVersion: 6,
    bits: 64,
    byteOrder: 'little',
    isLive: false,
    part: { pfnStart: 0, pfnEnd: 0x100 },
  },
  kernel: {
    release: '6.1.0-56-cloud-amd64',
    kernelVersion: '#1 SMP',
    machine: 'x86_64',
    nodename: 'host\u001b[1m1',
    crashTime: 1_795_388_900,
    clock: 1_795_388_901,
    problem: '',
  },
  memory: {
    pageBytes: 4096,
    pfnEnd: 0x1000,
    ramPages: 4000,
    presentPages: 1000,
    excludedPages: 3000,
    holes: 1,
  },
  dumpLevel: 17,
  storage: {
    codecs: [
      { codec: 'zstd', pages: 900, bytes: 2 * 2 ** 20 },
      { codec: 'raw', pages: 100, bytes: 500 },
    ],
    zeroPages: 90,
    sharedPages: 5,
    storedBytes: 2 * 2 ** 20 + 500,
    ratio: 0.5121,
    order: 'priority',
  },
  notes: { cpus: 2, byName: { CORE: 2, VMCOREINFO: 1 } },
  vmcoreinfo: { bytes: 3000, lines: 100, found: 'note', search: '' },
  physBase: { header: '0x379584512', vmcoreinfo: '0x16a00000', differ: true },
  eraseinfo: ['erase init_uts_ns.name 390'],
  completeness: {
    complete: false,
    markedIncomplete: true,
    lostPages: 1,
    reason: 'its writer did not finish',
  },
  maker: { tool: 'kbox', command: 'kbox makedumpfile -z -d 17' },
}

test('everything that is known is a line', () => {
  assert.deepEqual(renderDumpInfoText(WHOLE), [
    'vmcore: 3 MiB',
    '  format       kdump-compressed, flattened, part of a split dump: frames 0x0-0xff, header version 6, 64-bit, little-endian',
    '  made by      kbox: kbox makedumpfile -z -d 17',
    '  kernel       6.1.0-56-cloud-amd64 x86_64',
    '  version      #1 SMP',
    '  host         host.[1m1',
    '  crashed      2026-11-22 23:08:20 UTC',
    '  its clock    2026-11-22 23:08:21 UTC',
    '  memory       15.6 MiB: 4000 pages of 4096 bytes, 1000 in the dump, 3000 excluded; frames 0x0-0xfff, 1 hole',
    '  dump level   17: without zero pages, free pages',
    '  pages        zstd         900  2 MiB',
    '               raw          100  500 bytes',
    '  shared       90 are of zeros and share one, 5 share the data of another',
    '  stored       2 MiB, 51.2 % of 3.9 MiB',
    '  order        what matters first',
    '  notes        registers of 2 CPUs (2 CORE, 1 VMCOREINFO)',
    '  VMCOREINFO   3000 bytes, 100 lines, in an ELF note',
    "  phys_base    0x16a00000 by VMCOREINFO; the header's 0x379584512 is wrong",
    '  erased       erase init_uts_ns.name 390',
    '  complete     no: its writer did not finish; 1 page lost',
    '  examinable   yes',
  ])
})

test('what is not known is no line, or said not to be', () => {
  const lines = renderDumpInfoText({
    ...WHOLE,
    format: { ...WHOLE.format, container: null, headerVersion: null, bits: null, part: null },
    kernel: {
      release: null,
      kernelVersion: null,
      machine: null,
      nodename: null,
      crashTime: null,
      clock: null,
      problem: 'dump has no VMCOREINFO note',
    },
    dumpLevel: null,
    storage: null,
    notes: { cpus: 0, byName: {} },
    vmcoreinfo: null,
    physBase: { header: null, vmcoreinfo: null, differ: false },
    eraseinfo: [],
    completeness: { complete: true, markedIncomplete: false, lostPages: 0, reason: '' },
    maker: { tool: 'unknown', command: '' },
  })
  assert.deepEqual(lines, [
    'vmcore: 3 MiB',
    '  format       kdump-compressed, little-endian',
    '  made by      unknown',
    '  kernel       (unknown)',
    '  memory       15.6 MiB: 4000 pages of 4096 bytes, 1000 in the dump, 3000 excluded; frames 0x0-0xfff, 1 hole',
    '  notes        none',
    '  VMCOREINFO   none',
    '  complete     yes',
    '  examinable   no: dump has no VMCOREINFO note',
  ])
})
