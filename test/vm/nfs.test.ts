// NFS, with a real server in a virtual machine of its own: a dump over NFS 4 on 6.12, one over NFS 3 on 6.1, a network that
// goes down and a server that falls silent between the arming and the crash.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { rehearse } from '../../src/host/rehearse/rehearse.ts'
import type { RehearseResult } from '../../src/host/rehearse/rehearse_result.ts'
import { formatRehearseText } from '../../src/host/rehearse/rehearse_text.ts'
import { UNLESS_WHOLE } from '../support/extent.ts'
import {
  DHCP_ADDRESS,
  SILENCE_PORT,
  startNfsServer,
  type NfsServer,
} from '../support/nfs_server.ts'
import { quietOptions, QUIET_ARM } from '../support/rehearsals.ts'

const COMMON = `core_collector makedumpfile -z --message-level 7 -d 31
extra_modules nfsv4 nfsv3 8021q
failure_action poweroff
final_action reboot
`

/** The guest of a rehearsal knows neither VLANs nor IPv6; its address is needed at once. */
const VLAN_UP = `ip link add link eth0 name eth0.7 type vlan id 7 &&
echo 0 > /proc/sys/net/ipv6/conf/eth0.7/accept_dad &&
ip link set eth0.7 up &&
ip addr add fd00::15/64 dev eth0.7`

const FALLING_BACK = 'nfs 10.0.2.2:/export\nfallback path\npath /var/crash\n'

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
      ...quietOptions(series, `${conf}${COMMON}`),
      cards: [server.card],
      keep,
      ...more,
    })
    return { result, keep, read: (name) => readFileSync(path.join(keep, name), 'utf8') }
  }

  const checkSaved = (read: (name: string) => string, server: string): void => {
    const { target, complete, steps } = JSON.parse(read('kbox.json')) as Manifest
    assert.equal(target, `nfs ${server}:/export`)
    assert.equal(complete, true)
    assert.deepEqual(
      steps.slice(0, 4).map(({ name, ok }) => `${name} ${ok}`),
      ['network true', 'connect true', 'mount true', 'directory true'],
    )
  }

  test('a dump arrives over NFS 4.2, IPv6 and a VLAN on 6.12, and opens', async () => {
    const { result, read } = await crash('6.12', 'nfs [fd00::2]:/export\npath /v4\n', {
      receivedIn: () => server.receive(),
      arm: [['sh', '-c', VLAN_UP], ...QUIET_ARM],
    })
    assert.ok(result.ok, formatRehearseText(result))
    assert.equal(result.end, 'reset')
    checkSaved(read, '[fd00::2]')
    assert.match(read('console.log'), /kbox: saving to \/mnt\/v4\/fd00::15-\d{4}-/)
  })

  test('a dump arrives over NFS 3 on 6.1 from the address that a DHCP server gave, and opens', async () => {
    // Version 3 is asked for as guides do it.
    const conf = 'dracut_args --mount "10.0.2.2:/export /mnt nfs vers=3"\npath /v3\n'
    const lease = path.join(mkdtempSync(path.join(os.tmpdir(), 'kbox-lease-')), 'dhclient.leases')
    kept.push(path.dirname(lease))
    writeFileSync(lease, 'lease {\n  interface "eth0";\n  fixed-address 10.0.2.15;\n}\n')
    const { result, read } = await crash('6.1', conf, {
      receivedIn: () => server.receive(),
      files: [{ path: '/var/lib/dhcp/dhclient.leases', source: lease }],
    })
    assert.ok(result.ok, formatRehearseText(result))
    assert.equal(result.end, 'reset')
    checkSaved(read, '10.0.2.2')
    const { [0]: saved = '' } = /kbox: saving to [^\r\n]*/.exec(read('console.log')) ?? []
    assert.ok(saved.startsWith(`kbox: saving to /mnt/v3/${DHCP_ADDRESS}-`), saved)
  })

  /** The dump is on the disk, and the manifest tells which step of the NFS target failed; returns why. */
  const checkFellBack = (
    { result, read, keep }: Awaited<ReturnType<typeof crash>>,
    step: string,
  ): string => {
    assert.ok(result.ok, formatRehearseText(result))
    assert.equal(result.end, 'reset')
    assert.ok(existsSync(path.join(keep, 'vmcore')))
    const { target, complete, steps } = JSON.parse(read('kbox.json')) as Manifest
    assert.match(target, /^ext4 /)
    assert.equal(complete, true)
    const failed = steps.filter(({ ok }) => !ok)
    assert.deepEqual(
      failed.map(({ name }) => name),
      [step],
    )
    return failed[0]?.error ?? ''
  }

  test('a network that is down costs its deadline, and the next target takes the dump', async () => {
    const options = quietOptions('6.1')
    const crashed = await crash('6.1', `${FALLING_BACK}link_delay 5\n`, {
      scenario: {
        ...options.scenario,
        kill: async ({ qmp }) => void (await qmp.execute('set_link', { name: 'net0', up: false })),
      },
    })
    assert.match(
      checkFellBack(crashed, 'network'),
      /^no link on network card 52:54:00:00:00:15 \(eth0\)/,
    )
  })

  const SILENT =
    'a server that takes connections and answers nothing costs its deadline, and the next target takes the dump'
  test(SILENT, { skip: UNLESS_WHOLE }, async () => {
    const crashed = await crash('6.1', `${FALLING_BACK}disk_timeout 5\n`, {
      arm: [...QUIET_ARM, ['nc', '-w', '20', '10.0.2.2', String(SILENCE_PORT)]],
    })
    assert.match(
      checkFellBack(crashed, 'connect'),
      /^NFS server 10\.0\.2\.2 does not answer: 10\.0\.2\.2:2049 takes connections, but answered nothing/,
    )
  })
})
