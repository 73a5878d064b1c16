// A whole image around a made-up one, taken apart again; and the scripts between the two, run by busybox.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { HostError } from '../../../core/base/errors.ts'
import { mkelf } from '../../../../test/support/mkelf_program.ts'
import { captureConfig } from '../../../../test/support/capture_config_recipe.ts'
import type { ImageInputs } from './build_image.ts'
import { listInitramfs } from './cpio_list.ts'
import { buildStackedImage } from './stacked_image.ts'
import { bootScript, ENTER_SCRIPT, readyScript } from './stacked_scripts.ts'

const TRAILER = 'TRAILER!!!'

let folder = ''
let inputs: ImageInputs
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-stacked-'))
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(path.join(folder, name), content)
    return path.join(folder, name)
  }
  inputs = {
    busybox: file('busybox', mkelf({})),
    runtime: file('runtime.squashfs', 'hsqs'.repeat(10_000)),
    modules: [{ name: 'ext4', file: file('ext4.ko', 'module'), parameters: ['a=1', 'b=2'] }],
    files: [],
    config: captureConfig(),
    storage: {
      layers: ['LVM'],
      devices: [{ node: '/dev/mapper/vg-lv', uuid: '1-2' }],
      drivers: ['virtio_blk'],
      dracutArgs: '',
    },
  }
})
after(() => rmSync(folder, { recursive: true }))

/** An archive of one file, of an odd size in gzip. */
function writeBase(into: string): string {
  const file = path.join(into, 'base.img')
  const name = 'init\0'
  const fields = [1, 0o100755, 0, 0, 1, 0, 3, 0, 0, 0, 0, name.length, 0]
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`
  writeFileSync(file, gzipSync(Buffer.from(`${head}abc\0`)))
  return file
}

test('ours lies in /kbox, theirs behind it, the runtime last, each where the kernel looks for it', () => {
  const built = buildStackedImage(path.join(folder, 'out/image'), inputs, writeBase)
  const bytes = readFileSync(built.file)
  assert.equal(bytes.length, built.sizeBytes)
  const gzip = bytes.indexOf(Buffer.from([0x1f, 0x8b, 8]))
  const last = bytes.indexOf('070701', gzip)
  assert.deepEqual([gzip % 4, last % 4], [0, 0])
  const first = listInitramfs('first', bytes.subarray(0, gzip)).map((part) => part.path)
  for (const wanted of ['boot', 'enter', 'ready', 'init', 'bin/busybox', 'etc/kbox/capture.json'])
    assert.ok(first.includes(`kbox/${wanted}`), wanted)
  assert.ok(first.every((name) => name.startsWith('kbox/')))
  assert.match(gunzipSync(bytes.subarray(gzip, last)).toString('latin1'), /^070701/)
  assert.deepEqual(listInitramfs('last', bytes.subarray(last)), [
    { path: 'kbox/lib/kbox/runtime.squashfs', sizeBytes: 40_000 },
  ])
  assert.equal(bytes.toString('latin1').split(TRAILER).length - 1, 2)
})

test("the report lists theirs with ours, and nothing is left of the other tool's work", () => {
  const built = buildStackedImage(path.join(folder, 'out/image'), inputs, writeBase)
  assert.ok(built.parts.some((part) => part.path === 'init' && part.sizeBytes === 3))
  assert.equal(built.parts[0]?.path, 'kbox/lib/kbox/runtime.squashfs')
  assert.deepEqual(readdirSync(path.join(folder, 'out')), ['image'])
})

test('when the other tool fails, the image that was there stays', () => {
  const file = path.join(folder, 'kept/image')
  mkdirSync(path.dirname(file))
  writeFileSync(file, 'before')
  const fail = (): string => {
    throw new HostError('dracut made no image')
  }
  assert.throws(() => buildStackedImage(file, inputs, fail), /dracut made no image/)
  assert.equal(readFileSync(file, 'utf8'), 'before')
  assert.deepEqual(readdirSync(path.dirname(file)), ['image'])
})

test('parameters stand behind the name of their module', () => {
  const bytes = readFileSync(
    buildStackedImage(path.join(folder, 'out/image'), inputs, writeBase).file,
  )
  assert.ok(bytes.includes('ext4 a=1 b=2\n'))
})

const SCRIPTS = { boot: bootScript(90), enter: ENTER_SCRIPT, ready: readyScript([]) }
for (const [name, script] of Object.entries(SCRIPTS)) {
  test(`${name} is valid shell, and calls nothing outside /kbox`, () => {
    assert.equal(spawnSync('sh', ['-n'], { input: script }).stderr.toString(), '')
    for (const program of script.matchAll(/(?:^|[;&|] *)(\/\S+)/gm))
      assert.match(program[1] ?? '', /^\/kbox\//)
  })
}

/** Run a script with /kbox moved into a folder, by sh and with a busybox made of a few lines. */
function runMoved(script: string, busybox: string): { status: number | null; root: string } {
  const root = mkdtempSync(path.join(folder, 'root-'))
  mkdirSync(path.join(root, 'kbox/bin'), { recursive: true })
  writeFileSync(path.join(root, 'kbox/bin/busybox'), `#!/bin/sh\n${busybox}\n`)
  chmodSync(path.join(root, 'kbox/bin/busybox'), 0o755)
  const moved = script.replaceAll('/kbox/', `${root}/kbox/`)
  return { status: spawnSync('sh', ['-s'], { input: moved }).status, root }
}

test('the devices are there when each is found by its UUID, and never when one is not', () => {
  const two = readyScript([
    { node: '/dev/a', uuid: '1-2' },
    { node: '/dev/b', uuid: "3'4" },
  ])
  const finds = (what: string): string => `[ "$1" = findfs ] && [ "$2" ${what} ]`
  assert.equal(runMoved(two, finds('!= x')).status, 0)
  assert.equal(runMoved(two, finds("= 'UUID=1-2'")).status, 1)
  assert.equal(runMoved(two, finds(`= "UUID=3'4"`)).status, 1)
  assert.equal(runMoved(readyScript([{ node: '/dev/null', uuid: '' }]), 'false').status, 1)
})

test('who comes first runs the recorder, and the machine is left when that fails', () => {
  // busybox's env stands for the recorder here; reboot ends the script, as it would.
  const busybox = `root="$(dirname "$(dirname "$0")")"
echo "$*" >> "$root/log"
case "$1" in
  mkdir) mkdir "$2" ;;
  env) touch "$root/recorded" ;;
  reboot) kill $PPID ;;
esac`
  const { root } = runMoved(ENTER_SCRIPT, busybox)
  assert.ok(existsSync(path.join(root, 'kbox/recorded')))
  assert.deepEqual(readFileSync(path.join(root, 'kbox/log'), 'utf8').match(/^\w+/gm), [
    'mkdir',
    'env',
    'sync',
    'reboot',
  ])
})
