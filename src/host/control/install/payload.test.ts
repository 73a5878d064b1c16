// A payload is found from where the program runs, and one that is not whole is refused with what to build.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, chmodSync, rmSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { placeText, smallPayload } from '../../../../test/support/small_payload.ts'
import { findPayload, listPackages } from './payload.ts'

const BUSYBOX = spawnSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).stdout.trim()
const skip = BUSYBOX === '' ? 'busybox is not installed' : false

test('from any folder of it, a tarball is found with what it brings', { skip }, () => {
  using small = smallPayload()
  const { root, bundle } = small.payload
  copyFileSync(BUSYBOX, path.join(root, 'dist/busybox'))
  for (const name of ['dist/busybox', 'dist/node']) chmodSync(path.join(root, name), 0o755)
  assert.deepEqual(findPayload(bundle), small.payload)
})

test('what is missing or stale is named with the script that builds it', () => {
  using small = smallPayload()
  const { root, runtime } = small.payload
  const old = new Date(Date.now() - 60_000)
  utimesSync(runtime, old, old)
  assert.throws(() => findPayload(root), /runtime\.squashfs is older .*build_runtime\.ts/)
  utimesSync(path.join(root, 'dist/bundle/kbox.mjs'), old, old)
  placeText(root, 'src/cli/main.ts', '')
  assert.throws(() => findPayload(root), /older than src\/cli\/main\.ts.*scripts\/build\.ts/)
  rmSync(runtime)
  assert.throws(() => findPayload(root), /runtime\.squashfs is missing.*build_runtime\.ts/)
  rmSync(path.join(root, 'packaging'), { recursive: true })
  assert.throws(() => findPayload(root), /unpacked tarball/)
})

test('of the native packages only what runs is taken', () => {
  const packages = listPackages('node_modules')
  const files = packages.flatMap(({ name, files: list }) => list.map((file) => `${name}/${file}`))
  assert.ok(files.includes('koffi/index.js'))
  assert.ok(files.some((file) => file.endsWith('koffi.node')))
  assert.ok(files.includes('iced-x86/iced_x86_bg.wasm'))
  assert.deepEqual(
    files.filter((file) => /\.(cc|cpp|h|md)$/.test(file)),
    [],
  )
})
