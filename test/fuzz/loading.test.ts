// What loading reads from disk and /proc: damaged kernel files, manifests and load sets, command lines of noise.
import assert from 'node:assert/strict'
import { memorySource } from '../../src/core/io/memory_source.ts'
import {
  cmdlineRules,
  prepareCmdline,
  splitCmdline,
} from '../../src/host/control/load/capture_cmdline.ts'
import { hashText, parseManifest } from '../../src/host/control/load/image_manifest.ts'
import { parseKernelFormat } from '../../src/host/control/load/kernel/kernel_format.ts'
import { parseLoadSet } from '../../src/host/control/load/load_set.ts'
import { DEFAULT_LOAD_SETTINGS } from '../../src/host/control/config/load_settings.ts'
import { Members } from '../../src/host/platform/members.ts'
import { fuzz } from '../support/fuzz.ts'
import { mkbzImage, mkpe } from '../support/mkpe.ts'
import { mutate, mutateText } from '../support/mutate.ts'

const UKI = mkpe({
  sections: [
    { name: '.linux', content: 'kernel' },
    { name: '.initrd', content: 'initrd' },
  ],
  certificates: Buffer.from([6, 3, 0x55, 4, 3, 0x0c, 4, 0x6e, 0x61, 0x6d, 0x65]),
})
const BZIMAGE = mkbzImage()

fuzz('kernel files', {}, (random) => {
  const [bytes, hot] =
    random.below(2) === 0
      ? ([UKI, [[0x3c, 0x200]]] as const)
      : ([BZIMAGE, [[0x1f0, 0x268]]] as const)
  const damaged = mutate(bytes, random, [...hot.map(([a, b]): [number, number] => [a, b])])
  const format = parseKernelFormat(memorySource(damaged, 'vmlinuz'))
  assert.ok(format.signers.length <= 8)
})

const MANIFEST = JSON.stringify({
  version: 1,
  release: '6.1',
  backend: 'builtin',
  inputs: [hashText('a', 'b'), hashText('c', 'd')],
  image: { sizeBytes: 1, crc32: 2 },
})
const LOAD_SET = JSON.stringify({
  version: 1,
  ...{ release: '6.1', kernel: '/boot/vmlinuz', image: '/image', cmdline: 'a b' },
  ...{ words: { image: '', asked: '' }, settings: DEFAULT_LOAD_SETTINGS },
})

fuzz('image manifests and load sets', {}, (random) => {
  if (random.below(2) === 0) parseManifest('image.json', mutateText(MANIFEST, random))
  else parseLoadSet(Members.parse('loaded.json', mutateText(LOAD_SET, random)), 'loaded.json')
})

const LINE =
  'BOOT_IMAGE=(hd0,gpt2)/vmlinuz ro "quoted key=a b" x="y z" crashkernel=1G,high -- init=/x root=/dev/sda'

fuzz('capture command lines', {}, (random) => {
  const running = mutateText(LINE, random)
  const rules = cmdlineRules('x86_64', DEFAULT_LOAD_SETTINGS)
  const { text, words } = prepareCmdline(running, rules)
  // No word is lost or made up, and none comes through that must not.
  const kept = words.filter(({ fate }) => fate !== 'removed').map(({ word }) => word)
  assert.equal(text, kept.join(' '))
  const seen = words.filter(({ fate }) => fate !== 'added').map(({ word }) => word)
  assert.deepEqual(seen, splitCmdline(running))
  assert.ok(!kept.some((word) => word.startsWith('crashkernel=') || word.startsWith('root=')))
})
