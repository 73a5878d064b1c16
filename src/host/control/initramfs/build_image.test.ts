// An image of made-up parts: what is in it, that it appears whole or not at all, and what it says when a part is missing.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { NO_HOOKS, type CaptureConfig } from '../../capture/capture_config.ts'
import { mkelf } from '../../../../test/support/mkelf_program.ts'
import { buildImage, imageEntries, type ImageInputs } from './build_image.ts'

const CONFIG: CaptureConfig = {
  version: 2,
  targets: [
    {
      ...{ kind: 'filesystem', fstype: 'ext4', uuid: '1-2', node: '/dev/vda' },
      ...{ options: '', directory: '/var/crash' },
    },
  ],
  hooks: NO_HOOKS,
  hookTimeoutMs: 60_000,
  failureAction: 'dump_to_rootfs',
  finalAction: 'reboot',
  codec: 'lzo',
  dumpLevels: [31],
  pageOrder: 'priority',
  deviceTimeoutMs: 60_000,
  stallTimeoutMs: 300_000,
  overallTimeoutMs: 900_000,
  timeZone: 'UTC',
  release: '6.1.0-test',
}

let folder = ''
let inputs: ImageInputs
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-image-'))
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(path.join(folder, name), content)
    return path.join(folder, name)
  }
  inputs = {
    busybox: file('busybox', mkelf({})),
    runtime: file('runtime.squashfs', 'hsqs'.repeat(10_000)),
    modules: [{ name: 'virtio_blk', file: file('virtio_blk.ko', 'module') }],
    files: [{ path: 'etc/kbox/key', source: file('key', 'secret'), mode: 0o600 }],
    config: CONFIG,
  }
})
after(() => rmSync(folder, { recursive: true }))

test('folders come before what lies in them', () => {
  const seen = new Set<string>()
  for (const entry of imageEntries(inputs)) {
    const parent = path.dirname(entry.path)
    assert.ok(parent === '.' || seen.has(parent), entry.path)
    seen.add(entry.path)
  }
  for (const wanted of [
    'init',
    'bin/sh',
    'etc/kbox/capture.json',
    'lib/kbox/modules/virtio_blk.ko',
    'proc',
    'mnt',
  ]) {
    assert.ok(seen.has(wanted), wanted)
  }
})

test('the report lists every file, largest first', () => {
  const built = buildImage(path.join(folder, 'out/initramfs.img'), inputs)
  assert.equal(built.parts[0]?.path, 'lib/kbox/runtime.squashfs')
  assert.equal(built.sizeBytes, statSync(built.file).size)
  assert.ok(
    built.parts.every(
      (part, at) => at === 0 || part.sizeBytes <= (built.parts[at - 1]?.sizeBytes ?? 0),
    ),
  )
})

test('a missing runtime is named, and no half image is left', () => {
  const file = path.join(folder, 'bad/initramfs.img')
  assert.throws(
    () => buildImage(file, { ...inputs, runtime: '/nonexistent.squashfs' }),
    /\/nonexistent.squashfs is missing: build the runtime/,
  )
  assert.equal(existsSync(path.dirname(file)) && readdirSync(path.dirname(file)).length > 0, false)
})

test('a busybox that needs libraries is refused', () => {
  const busybox = path.join(folder, 'dynamic')
  writeFileSync(busybox, mkelf({ interpreter: '/lib64/ld-linux-x86-64.so.2' }))
  assert.throws(
    () => imageEntries({ ...inputs, busybox }),
    /needs shared libraries.*busybox-static/,
  )
})
