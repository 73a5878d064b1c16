// An image of made-up parts, built and asked again: when it is built anew, and what is said to have changed.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { mkelf } from '../../../../test/support/mkelf_program.ts'
import { mkbzImage } from '../../../../test/support/mkpe.ts'
import { NO_HOOKS } from '../../capture/capture_config.ts'
import type { ArmPlan } from '../arm.ts'
import { parseManifest } from './image_manifest.ts'
import { builtin } from '../initramfs/builtin.ts'
import { DEFAULT_LOAD_SETTINGS } from '../config/load_settings.ts'
import { buildPlannedImage, decideRebuild, manifestFile } from './rebuild.ts'

const WISHES = { forceRebuild: false, forceNoRebuild: false }
let folder = ''
let plan: ArmPlan
const at = (name: string): string => path.join(folder, name)
const decide = (changes: Partial<ArmPlan> = {}, wishes = WISHES) =>
  decideRebuild({ ...plan, ...changes }, wishes)
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-rebuild-'))
  writeFileSync(at('busybox'), mkelf({}))
  writeFileSync(at('runtime.squashfs'), 'hsqs')
  writeFileSync(at('virtio.ko'), 'module')
  writeFileSync(at('key'), 'secret')
  writeFileSync(at('vmlinuz'), mkbzImage())
  plan = {
    ...{ release: '6.1', kernel: at('vmlinuz'), kernelSource: at('vmlinuz'), kernelReason: '' },
    ...{ runtime: at('runtime.squashfs'), busybox: at('busybox'), image: at('image') },
    targets: [],
    ...{ backend: builtin, backendReason: '' },
    modules: [{ name: 'virtio', file: at('virtio.ko') }],
    files: [{ path: 'etc/kbox/key', source: at('key'), mode: 0o600 }],
    ...{
      cmdline: '',
      cmdlineWords: [],
      words: { image: '', asked: '' },
      platform: '',
      settings: DEFAULT_LOAD_SETTINGS,
    },
    ...{ crumbFile: '', kboxVersion: '1.0', warnings: [] },
    config: {
      version: 2,
      targets: [
        {
          ...{ kind: 'filesystem', fstype: 'ext4', uuid: '1-2', node: '/dev/vda' },
          ...{ options: '', directory: '/var/crash' },
        },
      ],
      hooks: NO_HOOKS,
      ...{ failureAction: 'reboot', finalAction: 'reboot', codec: 'zstd', dumpLevels: [31] },
      ...{ pageOrder: 'priority', deviceTimeoutMs: 1, hookTimeoutMs: 1, stallTimeoutMs: 1 },
      ...{ overallTimeoutMs: 1, timeZone: 'UTC', release: '6.1' },
    },
  }
})
after(() => rmSync(folder, { recursive: true }))

test('a missing image is built whatever kdump.conf says', () => {
  const wishes = { forceRebuild: false, forceNoRebuild: true }
  const { isNeeded, reason } = decide({}, wishes)
  assert.deepEqual([isNeeded, reason], [true, 'No kdump initial ramdisk found.'])
})

test('an image whose inputs are the same is kept, whatever their times', () => {
  buildPlannedImage(plan)
  utimesSync(at('key'), 1e9, 2e9)
  assert.deepEqual([decide().isNeeded, decide().reason], [false, ''])
})

test('the manifest beside the image and the one in it name every input', () => {
  const manifest = parseManifest('image.json', readFileSync(manifestFile(plan.image), 'utf8'))
  const names = manifest.inputs.map(({ name }) => name)
  for (const file of ['vmlinuz', 'busybox', 'runtime.squashfs', 'virtio.ko', 'key'])
    assert.ok(names.includes(at(file)), file)
  const { image: _, ...inner } = manifest
  const text = readFileSync(plan.image, 'latin1')
  assert.ok(text.includes(JSON.stringify(inner, null, 2)))
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('tmp')),
    [],
  )
})

test('each input that changes is named', () => {
  const detected = 'Detected change(s) in the following file(s): '
  for (const name of ['vmlinuz', 'busybox', 'runtime.squashfs', 'virtio.ko', 'key']) {
    const before = readFileSync(at(name))
    writeFileSync(at(name), Buffer.concat([before, Buffer.from('x')]))
    assert.equal(decide().reason, `${detected}${at(name)}`)
    writeFileSync(at(name), before)
  }
  assert.equal(decide({ kboxVersion: '1.1' }).reason, `${detected}kbox`)
  const config = { ...plan.config, codec: 'lzo' as const, failureAction: 'halt' as const }
  assert.equal(
    decide({ config }).reason,
    `${detected}configuration: codec configuration: failureAction`,
  )
  const [file] = plan.files
  assert.ok(file)
  assert.equal(
    decide({ files: [{ ...file, mode: 0o755 }] }).reason,
    `${detected}places in the image`,
  )
  assert.equal(decide().reason, '')
})

test('a disk that has another node since the last boot is no change', () => {
  const [place] = plan.config.targets
  assert.ok(place?.kind === 'filesystem')
  const moved = { ...plan.config, targets: [{ ...place, node: '/dev/vdb' }] }
  assert.equal(decide({ config: moved }).isNeeded, false)
  const other = { ...plan.config, targets: [{ ...place, uuid: '', node: '/dev/vdb' }] }
  assert.equal(decide({ config: other }).isNeeded, true)
})

test('force_rebuild builds, force_no_rebuild does not and says what it passes over', () => {
  assert.equal(decide({}, { ...WISHES, forceRebuild: true }).isNeeded, true)
  const { isNeeded, reason } = decide({ kboxVersion: '2' }, { ...WISHES, forceNoRebuild: true })
  assert.equal(isNeeded, false)
  assert.match(reason, /following file\(s\): kbox \(not rebuilt: force_no_rebuild is set\)$/)
})

test('an image that was damaged, or of which nothing is known, is built', () => {
  const whole = readFileSync(plan.image)
  writeFileSync(plan.image, whole.subarray(0, 1000))
  assert.match(decide().reason, /image has 1000 bytes instead of/)
  writeFileSync(plan.image, whole)
  assert.equal(decide().isNeeded, false)
  writeFileSync(manifestFile(plan.image), 'damaged')
  assert.match(decide().reason, /^It is not known what .*image was made of$/)
})
