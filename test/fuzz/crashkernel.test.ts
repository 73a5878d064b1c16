// Damaged command lines, boot loader files, headers: what they mean is told, or refused in words.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { changeArgs, findArgs } from '../../src/host/control/bootloader/kernel_args.ts'
import { readCrashkernelFacts } from '../../src/host/control/crashkernel/machine_facts.ts'
import { applyEdits } from '../../src/host/control/bootloader/file_edit.ts'
import { findBootLoader } from '../../src/host/control/bootloader/boot_loaders.ts'
import { planReset } from '../../src/host/control/bootloader/reset_crashkernel.ts'
import { kernelKind } from '../../src/host/control/crashkernel/kernel_kind.ts'
import { assumeMemoryMap } from '../../src/host/control/crashkernel/memory_map.ts'
import { simulateCrashkernel } from '../../src/host/control/crashkernel/simulate.ts'
import { parseKdfMemory } from '../../src/host/control/estimate/luks_memory.ts'
import {
  DEBIAN,
  FEDORA,
  type FileTree,
  OPENSUSE,
  RHEL8,
  SYSTEMD_BOOT,
  writeTree,
  ZIPL,
} from '../support/boot_trees.ts'
import { fuzz } from '../support/fuzz.ts'
import { mutate, mutateText, type Random } from '../support/mutate.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-fuzz-'))
after(() => rmSync(folder, { recursive: true }))

const LINES = [
  'ro crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M quiet',
  'crashkernel=0x10000000@16M crashkernel=256M,high crashkernel=72M,low swiotlb=65536',
  'crashkernel=512M,cma crashkernel=16E crashkernel=1-2:3@4',
]
const KINDS = ['6.1.0', '6.12.0', '7.0.0'].map((release) => kernelKind('x86_64', release))

const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)] as T

fuzz('kernel command lines', {}, (random) => {
  const line = mutateText(pick(random, LINES).replaceAll(' ', '\n'), random).replaceAll('\n', ' ')
  const kind = pick(random, KINDS)
  const map = assumeMemoryMap(2 ** (27 + random.below(14)), kind.arch)
  const { reservation, failure } = simulateCrashkernel(line, map, kind)
  assert.equal(failure === '', reservation?.main !== undefined)
  const changed = changeArgs(line, [{ key: 'crashkernel', values: ['1M'] }])
  assert.deepEqual(findArgs(changed, 'crashkernel'), ['1M'])
})

const TREES: readonly FileTree[] = [DEBIAN, FEDORA, OPENSUSE, RHEL8, SYSTEMD_BOOT, ZIPL]
/** Files that a boot loader is told by; what is damaged are those it keeps command lines in. */
const DAMAGED = /entries\/|grubenv$|default\/grub|zipl\.conf|loader\.conf|kernel\/cmdline/

let count = 0
fuzz('files of boot loaders', { caseMaxMs: 10_000 }, (random) => {
  const tree = Object.entries(pick(random, TREES)).map(([name, text]) => {
    const isDamaged = DAMAGED.test(name) && !text.startsWith('->')
    return [name, isDamaged ? mutateText(text, random) : text]
  })
  const root = path.join(folder, String(count++))
  writeTree(root, Object.fromEntries(tree))
  try {
    const context = { root }
    const choice = { kernel: 'ALL', values: ['200M'], keepsCustom: false }
    const { plan, loader } = planReset(context, readCrashkernelFacts(root), choice)
    applyEdits(root, plan.edits)
    // A second reset finds nothing to do, whatever the files look like.
    const again = planReset(context, readCrashkernelFacts(root), choice)
    assert.equal(findBootLoader(context).name, loader)
    assert.deepEqual(again.plan.edits, [])
  } finally {
    rmSync(root, { recursive: true })
  }
})

function luks2(): Uint8Array {
  const header = Buffer.alloc(5120)
  header.write('LUKS\xba\xbe', 'latin1')
  header.writeUInt16BE(2, 6)
  header.write('{"keyslots":{"0":{"kdf":{"type":"argon2id","memory":65536}},"1":{}}}', 4096)
  return header
}
const LUKS2 = luks2()

fuzz('LUKS2 headers', {}, (random) => {
  const memory = parseKdfMemory(mutate(LUKS2, random, [[4096, 4170]]))
  assert.ok(memory >= 0 && memory <= 2 ** 32)
})
