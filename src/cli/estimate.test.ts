// kbox estimate as a person and a script see it. What it is made of: host/control/estimate, host/rehearse/measure_reservation.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { writeTree } from '../../test/support/boot_trees.ts'
import { verbOutput } from '../../test/support/verb_output.ts'
import { UsageError } from '../core/base/errors.ts'
import { estimateMain } from './estimate.ts'
import { formatMeasured } from './estimate_measure.ts'

const MIB = 2 ** 20
let root = ''
before(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-estimate-'))
  writeTree(root, {
    'proc/sys/kernel/arch': 'x86_64\n',
    'proc/sys/kernel/osrelease': '6.1.0-test\n',
    'proc/iomem': '00100000-7fffffff : System RAM\n  01000000-02ffffff : Kernel code\n',
    'etc/os-release': 'ID=debian\n',
    'sys/kernel/kexec_crash_size': `${128 * MIB}\n`,
    'boot/vmlinuz-6.1.0-test': '',
    'etc/kdump.conf': 'path /var/crash\n',
  })
  mkdirSync(path.join(root, 'var/lib/kdump'), { recursive: true })
  const image = 'var/lib/kdump/initramfs-6.1.0-testkdump.img'
  writeFileSync(path.join(root, image), Buffer.alloc(20 * MIB, 0x28))
})
after(() => rmSync(root, { recursive: true }))

test("kdumpctl's lines come first, word by word", async (context) => {
  const { code, stdout, stderr } = await verbOutput(context, estimateMain, ['--root', root])
  assert.equal(code, 0)
  assert.equal(stderr, '')
  const head = stdout.slice(0, stdout.indexOf('Estimated, term by term'))
  assert.equal(
    head,
    `Reserved crashkernel:    128M
Recommended crashkernel: 192M

Kernel image size:   32M
Kernel modules size: 0M
Initramfs size:      20M
Runtime reservation: 74M
Large modules: <none>
WARNING: Current crashkernel size is lower than recommended size 192M.

`,
  )
  assert.match(stdout, / 60\.0 MB {2}initramfs /)
  assert.match(stdout, /Needed: \d+M; kbox estimate --measure tries it\n$/)
})

test('--json has all of it in bytes', async (context) => {
  const { stdout } = await verbOutput(context, estimateMain, ['--root', root, '--json'])
  const data = JSON.parse(stdout)
  assert.equal(data.version, 1)
  assert.equal(data.reservedBytes, 128 * MIB)
  assert.equal(data.recommendedBytes, 192 * MIB)
  assert.ok(data.terms.every((term: { bytes: number }) => Number.isInteger(term.bytes)))
})

test('a measurement is told with its margin', () => {
  const trials = [192, 120].map((megabytes) => {
    const ok = megabytes === 192
    const error = ok ? '' : 'out of memory'
    return {
      megabytes,
      ok,
      failedStep: ok ? '' : 'crash',
      error,
      memAvailableMinBytes: null,
      ms: 1,
    }
  })
  assert.equal(
    formatMeasured({ minimumMb: 160, trials }, 192 * MIB),
    'Smallest crashkernel that works: 160M\nRecommended crashkernel:         176M\nReserved crashkernel:            192M, 32M to spare\n',
  )
  assert.match(formatMeasured({ minimumMb: 160, trials }, 128 * MIB), /128M, 32M too little/)
  assert.match(formatMeasured({ minimumMb: 160, trials }, 168 * MIB), /less than 16M to spare/)
  assert.match(formatMeasured({ minimumMb: 160, trials }, 0), /none/)
  assert.equal(
    formatMeasured({ minimumMb: null, trials }, 0),
    'No size up to 120M works: failed at crash: out of memory\n',
  )
})

test('what makes no sense is a usage error', async () => {
  for (const argv of [
    ['more'],
    ['--bogus'],
    ['--measure', '--start', '8M'],
    ['--measure', '--cpus', '0'],
  ])
    await assert.rejects(async () => estimateMain(argv), UsageError, argv.join(' '))
})
