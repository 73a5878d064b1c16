// Stand-ins by the target code that the capture kernel uses, against the server's loopback port.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { liveHost } from '../../../../test/support/live_host.ts'
import { parseKdumpConf } from '../../control/config/kdump_conf.ts'
import type { KdumpConf } from '../../control/config/kdump_conf_model.ts'
import type { CapturePlace } from '../../target/place.ts'
import { openPlace } from '../../target/targets.ts'
import { startStandIn, type StandIn } from './stand_in.ts'

function parse(text: string): KdumpConf {
  const result = parseKdumpConf(text)
  assert.ok(result.ok, JSON.stringify(result))
  return result.conf
}

async function start(text: string): Promise<StandIn> {
  const standIn = await startStandIn(parse(text))
  assert.ok(standIn)
  return standIn
}

/** Host port behind the first card. */
function portOf({ options }: StandIn): number {
  return Number(/nc 127\.0\.0\.1 (\d+)$/.exec(options.cards?.[0]?.netdev ?? '')?.[1])
}

function fileOf({ options }: StandIn, name: string): string {
  const file = options.files?.find((candidate) => candidate.path === name)
  assert.ok(file, name)
  return file.source
}

async function upload(place: CapturePlace): Promise<void> {
  const host = liveHost()
  const target = await openPlace(place, host, {
    openMs: host.now() + 10_000,
    endMs: host.now() + 10_000,
  })
  const directory = await target.makeDirectory('192.0.2.1-2026-11-26-07:00:00')
  await directory.writeFile('vmcore-dmesg.txt', ['panic\n'])
  await target.close()
}

const DMESG = 'var/crash/192.0.2.1-2026-11-26-07:00:00/vmcore-dmesg.txt'

test('an ssh stand-in lets in the key it made, under the configured name, port and path', async () => {
  await using standIn = await start('ssh kdump@dumps.example:2222\nsshkey /root/.ssh/k\n')
  const known = fs.readFileSync(fileOf(standIn, '/root/.ssh/known_hosts'), 'utf8')
  assert.match(known, /^\[dumps\.example\]:2222 ssh-ed25519 \S+\n$/)
  assert.match(
    fs.readFileSync(fileOf(standIn, '/etc/hosts'), 'utf8'),
    /10\.0\.2\.100 dumps\.example/,
  )
  const keyFile = fileOf(standIn, '/root/.ssh/k')
  assert.equal(fs.statSync(keyFile).mode & 0o777, 0o600)
  await upload({
    ...{ kind: 'ssh', user: 'kdump', host: 'dumps.example', port: portOf(standIn) },
    ...{ addresses: ['127.0.0.1'], keyFile, hostKeys: [known.trim().split(' ')[2] ?? ''] },
    ...{ directory: '/var/crash', isFlattened: false },
  })
  const received = path.join(standIn.receivedIn, DMESG)
  assert.equal(fs.readFileSync(received, 'utf8'), 'panic\n')
})

test('an http stand-in takes what is put below the configured URL', async () => {
  await using standIn = await start('http http://192.0.2.7:8080/dumps\n')
  await upload({
    ...{ kind: 'http', url: `http://127.0.0.1:${portOf(standIn)}/dumps`, addresses: ['127.0.0.1'] },
    ...{ tokenFile: '', caFile: '', takesRanges: true },
  })
  const received = path.join(standIn.receivedIn, DMESG)
  assert.equal(fs.readFileSync(received, 'utf8'), 'panic\n')
})

test('an address is kept, and the network is laid around it', async () => {
  await using standIn = await start('ssh root@192.0.2.15\n')
  const { cards, network, files } = standIn.options
  assert.deepEqual(network, { address: '192.0.2.2/24', gateway: '192.0.2.3' })
  assert.match(
    cards?.[0]?.netdev ?? '',
    /net=192\.0\.2\.0\/24,.*guestfwd=tcp:192\.0\.2\.15:22-cmd:/,
  )
  assert.ok(!files?.some((file) => file.path === '/etc/hosts'))
})

test('disks need none; what nothing stands in for is refused with the reason', async () => {
  assert.equal(await startStandIn(parse('path /var/crash\n')), undefined)
  await assert.rejects(startStandIn(parse('nfs nas:/export\n')), /no server stands in/)
  await assert.rejects(startStandIn(parse('http https://d/x\n')), /certificate/)
  await assert.rejects(startStandIn(parse('ssh root@2001:db8::1\n')), /IPv6/)
})
