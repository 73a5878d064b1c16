// A whole report as text, and one of a dump that gave almost nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Report } from '../report_model.ts'
import { renderReportText } from './text.ts'

const WHOLE: Report = {
  version: 1,
  system: {
    release: '6.1.0-56-cloud-amd64',
    kernelVersion: '#1 SMP',
    nodename: 'host1',
    machine: 'x86_64',
    cpus: 2,
    memoryBytes: 536_326_144,
    crashTime: 1_795_388_900,
    uptimeSeconds: 31.995,
    loadAverages: [0.82, 0.19, 0.06],
    taints: 'OE',
    commandLine: 'console=ttyS0',
  },
  crash: {
    kind: 'null-dereference',
    title: 'NULL pointer dereference',
    message: 'BUG: kernel NULL pointer dereference, address: 0000000000000010',
    evidence: '',
    earlier: ['INFO: task dd:1 blocked for more than 120 seconds.'],
    cpu: 1,
    task: {
      pid: 812,
      comm: 'insmod',
      address: '0xffff8910c11fc180',
      kernelThread: false,
      arguments: ['insmod', 'x.ko'],
    },
  },
  backtrace: {
    frames: [
      frame('__crash_kexec', '', { quality: 'exact', interrupted: true }),
      frame('panic', '', { quality: 'validated' }),
      frame('bad_write', 'faulty', { interrupted: true }),
      { ...frame('', ''), function: null, offset: null },
    ],
    end: 'lost',
    why: 'no unwind entry',
  },
  culprit: { function: 'bad_write', module: 'faulty', frame: 2, quality: 'exact' },
  tasks: { total: 85, processes: 24, kernelThreads: 56, byState: { RU: 5, IN: 80 } },
  files: [{ fd: 3, type: 'REG', path: '/tmp/x (deleted)' }],
  log: { lineCount: 2, lastLines: ['[    1.000000] one', '[    2.000000] \u001b[31mred\u0007'] },
  completeness: {
    file: 'vmcore',
    fileBytes: 25_381_080,
    format: 'kdump-compressed',
    dumpLevel: 31,
    incomplete: false,
    symbols: 87_347,
    types: true,
    modules: 15,
    problems: [],
  },
  timings: [{ step: 'open', milliseconds: 12.34 }],
}

function frame(
  name: string,
  module: string,
  more: object = {},
): NonNullable<Report['backtrace']>['frames'][number] {
  const base = {
    function: name,
    offset: 0x1a,
    module,
    ip: '0xffffffff8bd6475a',
    sp: '0xffffca6440013ab0',
  }
  return { ...base, quality: 'exact', interrupted: false, ...more }
}

test('a report names kind, culprit and module in its first line', () => {
  assert.equal(
    renderReportText(WHOLE)[0],
    'Crash of host1: NULL pointer dereference in bad_write [faulty]',
  )
})

test('a report shows every part', (t) => {
  t.assert.fileSnapshot(renderReportText(WHOLE).join('\n'), 'test/golden/report.text.txt', {
    serializers: [(text: string) => `${text}\n`],
  })
})

test('control characters of the log do not reach the terminal', () => {
  const text = renderReportText(WHOLE).join('\n')
  assert.ok(text.includes('.[31mred.'))
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f]/)
})

test('a dump that gave nothing says what and why, part by part', () => {
  const nothing: Report = {
    ...WHOLE,
    system: { ...WHOLE.system, nodename: null, cpus: null, memoryBytes: null, uptimeSeconds: null },
    crash: {
      ...WHOLE.crash,
      kind: 'unknown',
      title: 'unknown',
      message: '',
      earlier: [],
      cpu: null,
      task: null,
    },
    backtrace: null,
    culprit: null,
    tasks: null,
    files: null,
    log: null,
    completeness: {
      ...WHOLE.completeness,
      incomplete: true,
      symbols: null,
      types: false,
      modules: 0,
      problems: [
        'log: cannot read virtual address 0xffffffff8d6622c0: page lost: dump is truncated',
      ],
    },
  }
  const lines = renderReportText(nothing)
  assert.equal(lines[0], 'Crash: unknown')
  assert.equal(lines.filter((line) => line === '  (not readable)').length, 4)
  assert.ok(lines.includes('  incomplete: the dump was not finished, or the file was cut'))
  assert.ok(lines.some((line) => line.startsWith('  not read: log: cannot read')))
})
