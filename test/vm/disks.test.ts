// Disks that are not virtio and file systems that are not ext4: each once, found by LABEL and by UUID.
import assert from 'node:assert/strict'
import { readFileSync, rmSync, mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { rehearse } from '../../src/host/rehearse/rehearse.ts'
import { formatRehearseText } from '../../src/host/rehearse/rehearse_text.ts'
import type { DiskBus } from '../../src/host/rehearse/machine_spec.ts'
import { UNLESS_WHOLE } from '../support/extent.ts'
import { quietOptions } from '../support/rehearsals.ts'

const UUID = '6b6f7831-2d62-4672-b273-2d6f6e2d7363'

interface Row {
  readonly series: string
  readonly bus: DiskBus
  readonly target: string
  /** Modules that are in the image because of this disk. */
  readonly drivers: readonly string[]
}

const ROWS: readonly Row[] = [
  { series: '6.1', bus: 'nvme', target: 'xfs LABEL=crash', drivers: ['xfs'] },
  {
    ...{ series: '6.12', bus: 'scsi', target: `btrfs UUID=${UUID}` },
    drivers: ['virtio_scsi', 'sd_mod', 'btrfs'],
  },
]

describe('a crash is recorded on', () => {
  for (const { series, bus, target, drivers } of ROWS) {
    const skip = series === '6.1' ? UNLESS_WHOLE : false
    test(`${target.replace(/=.*/, '')} of a disk on ${bus}, by ${series}`, { skip }, async () => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-disks-'))
      try {
        const conf = `${target}\npath /var/crash\ncore_collector makedumpfile -z -d 31\n`
        const result = await rehearse({
          ...quietOptions(series, conf),
          targetBus: bus,
          keep: folder,
        })
        assert.equal(result.ok, true, formatRehearseText(result))
        assert.equal(result.dump?.opens, true)
        const log = readFileSync(path.join(folder, 'console.log'), 'utf8')
        const parts: readonly string[] = log.match(/lib\/kbox\/modules\/\w+\.ko/g) ?? []
        for (const driver of drivers)
          assert.ok(
            parts.includes(`lib/kbox/modules/${driver}.ko`),
            `${driver}: ${parts.join(' ')}`,
          )
        assert.match(log, new RegExp(`kbox: target: ${target.split(' ')[0] ?? ''} UUID=`))
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }
})
