// NFS, with a real server in a virtual machine of its own: a dump over NFS 4 on 6.12, one over NFS 3 on 6.1, and a server
// that falls silent between the arming and the crash.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { rehearse } from '../../src/host/rehearse/rehearse.ts'
import { DEFAULT_ARM } from '../../src/host/rehearse/rehearse_options.ts'
import type { RehearseResult } from '../../src/host/rehearse/rehearse_result.ts'
import { formatRehearseText } from '../../src/host/rehearse/rehearse_text.ts'
import { SILENCE_PORT, startNfsServer, type NfsServer } from '../support/nfs_server.ts'
import { rehearseOptions } from '../support/rehearsals.ts'

const COMMON = `core_collector makedumpfile -z --message-level 7 -d 31
extra_modules nfsv4 nfsv3
failure_action poweroff
final_action reboot
`

interface Manifest {
  readonly target: string
  readonly complete: boolean
  readonly steps: readonly { readonly name: string; readonly ok: boolean; readonly error: string }[]
}

describe('NFS', () => {
  const kept: string[] = []
  let server: NfsServer

  before(async () => {
    server = await startNfsServer(['v4', 'v3', 'var/crash'])
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    for (const folder of kept) rmSync(folder, { recursive: true })
  })

  const crash = async (
    series: string,
    conf: string,
    more: Partial<Parameters<typeof rehearse>[0]>,
  ): Promise<{ result: RehearseResult; read: (name: string) => string; keep: string }> => {
    const keep = mkdtempSync(path.join(os.tmpdir(), 'kbox-nfs-kept-'))
    kept.push(keep)
    const result = await rehearse({
      ...rehearseOptions(series, `${conf}${COMMON}`),
      cards: [server.card],
      takeTruth: false,
      keep,
      ...more,
    })
    return { result, keep, read: (name) => readFileSync(path.join(keep, name), 'utf8') }
  }

  for (const { series, version, conf } of [
    { series: '6.12', version: '4.2', conf: 'nfs 10.0.2.2:/export\npath /v4\n' },
    {
      series: '6.1',
      version: '3',
      conf: 'dracut_args --mount "10.0.2.2:/export /mnt nfs vers=3"\npath /v3\n',
    },
  ]) {
    test(`a dump arrives over NFS ${version} on ${series}, and opens`, async () => {
      const { result, read } = await crash(series, conf, { receivedIn: () => server.receive() })
      assert.ok(result.ok, formatRehearseText(result))
      assert.equal(result.end, 'reset')
      const { target, complete, steps } = JSON.parse(read('kbox.json')) as Manifest
      assert.equal(target, 'nfs 10.0.2.2:/export')
      assert.equal(complete, true)
      assert.deepEqual(
        steps.slice(0, 4).map(({ name, ok }) => `${name} ${ok}`),
        ['network true', 'connect true', 'mount true', 'directory true'],
      )
      assert.match(read('console.log'), /saving to \/mnt\/v\d\/10\.0\.2\.15-\d{4}-/)
    })
  }

  test('a server that takes connections and answers nothing costs its deadline, and the next target takes the dump', async () => {
    const { result, read, keep } = await crash(
      '6.1',
      'nfs 10.0.2.2:/export\nfallback path\npath /var/crash\ndisk_timeout 5\n',
      { arm: [...DEFAULT_ARM, ['nc', '-w', '20', '10.0.2.2', String(SILENCE_PORT)]] },
    )
    assert.ok(result.ok, formatRehearseText(result))
    assert.equal(result.end, 'reset')
    assert.ok(existsSync(path.join(keep, 'vmcore')))
    const { target, complete, steps } = JSON.parse(read('kbox.json')) as Manifest
    assert.match(target, /^ext4 /)
    assert.equal(complete, true)
    const failed = steps.find(({ ok }) => !ok)
    assert.equal(failed?.name, 'connect')
    assert.match(
      failed.error,
      /^NFS server 10\.0\.2\.2 does not answer: 10\.0\.2\.2:2049 takes connections, but answered nothing/,
    )
  })
})
