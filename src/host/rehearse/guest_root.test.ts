// A kernel of a few empty modules, as depmod would list them.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { ModuleIndex } from '../control/initramfs/module_index.ts'
import { fillGuestRoot, type GuestRootPlan } from './guest_root.ts'
import { findTool } from './host_tool.ts'

const skip = spawnSync('busybox', ['true']).error ? 'busybox is not installed' : false

/** Lines of modules.dep: `FILE: NEEDS`. */
const MODULES_DEP = `kernel/virtio.ko:
kernel/virtio_blk.ko: kernel/virtio.ko
kernel/virtio_pci.ko: kernel/virtio.ko
kernel/loop.ko:
kernel/squashfs.ko:
kernel/dm-mod.ko:
kernel/wanted.ko: kernel/needed.ko
kernel/needed.ko:
kernel/unwanted.ko:
`

test("the guest's root has the modules it needs and no others, loaded in order", { skip }, (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-root-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const at = (name: string): string => path.join(folder, name)
  mkdirSync(at('modules/kernel'), { recursive: true })
  writeFileSync(at('modules/modules.dep'), MODULES_DEP)
  for (const line of MODULES_DEP.trim().split('\n')) {
    writeFileSync(at(`modules/${line.slice(0, line.indexOf(':'))}`), line)
  }
  writeFileSync(at('real-vmlinuz'), 'kernel')
  symlinkSync('real-vmlinuz', at('vmlinuz'))
  writeFileSync(at('runtime'), 'runtime')
  const plan: GuestRootPlan = {
    release: '9.9',
    kernel: at('vmlinuz'),
    modules: new ModuleIndex(at('modules')),
    extraModules: ['wanted'],
    busybox: findTool('busybox'),
    runtime: at('runtime'),
    kdumpConf: 'path /var/crash\n',
    folders: ['/var/crash'],
    network: undefined,
    files: [{ path: '/opt/extra', source: at('runtime') }],
    guest: { version: 1, arm: [], sysrq: 'c', links: [], workload: false, takeTruth: false },
  }
  fillGuestRoot(at('root'), plan)
  const read = (name: string): string => readFileSync(at(`root/${name}`), 'utf8')

  const listed = read('lib/modules/9.9/modules.dep').trim().split('\n')
  assert.deepEqual(
    listed,
    MODULES_DEP.trim()
      .split('\n')
      .filter((line) => !line.includes('unwanted')),
  )
  assert.ok(existsSync(at('root/lib/modules/9.9/kernel/needed.ko')))
  assert.ok(!existsSync(at('root/lib/modules/9.9/kernel/unwanted.ko')))
  const loaded = [...read('sbin/init').matchAll(/^insmod .*\/(\w+)\.ko$/gm)].map(([, name]) => name)
  // virtio came with the initramfs.
  assert.deepEqual(loaded, ['loop', 'squashfs', 'dm_mod', 'needed', 'wanted'])

  assert.ok(lstatSync(at('root/boot/vmlinuz-9.9')).isFile(), 'a copy of what the link leads to')
  assert.equal(read('etc/kdump.conf'), plan.kdumpConf)
  assert.equal(read('opt/extra'), 'runtime')
  assert.ok(lstatSync(at('root/var/crash')).isDirectory())
  assert.ok(lstatSync(at('root/bin/sh')).isSymbolicLink())
})
