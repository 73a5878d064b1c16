// The distribution's tools make the image: a Debian whose root lies on LVM crashes twice, once with an image of dracut's
// and once with one of initramfs-tools', and each time the dump is on that root.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { execFileSync } from 'node:child_process'
import { debianRoot, whyNoDebianRoot } from '../../scripts/debian_root.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { panicTask } from '../../src/core/kernel/panic.ts'
import { stackTrace } from '../../src/core/kernel/stack.ts'
import { ModuleIndex } from '../../src/host/control/initramfs/module_index.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { extractFolder, placeFiles, repairDisk } from '../../src/host/rehearse/disk_image.ts'
import { findTool } from '../../src/host/rehearse/host_tool.ts'
import { findModuleFolder } from '../../src/host/control/load/kernel/kernel_image.ts'
import { DebianGuest } from '../support/debian_guest.ts'
import { UNLESS_WHOLE } from '../support/extent.ts'
import { LVM_DATA_OFFSET, makeLvmDisk } from '../support/lvm_disk.ts'
import { buildLvmInitramfs } from '../support/lvm_initramfs.ts'
import { getCachedKernel } from '../support/rehearsals.ts'
import { buildRuntimeImage } from '../support/runtime_image.ts'

const SERIES = '6.1'
const PACKAGES = ['lvm2', 'dracut-core', 'initramfs-tools-core', 'busybox-static', 'cpio']
const RUNTIME = '/usr/lib/kbox/runtime.squashfs'
const KDUMP_CONF = 'path /var/crash\ncore_collector makedumpfile -z -d 31\n'
/** kbox as it lies in the runtime. */
const KBOX = `#!/bin/sh
m=/run/kbox/runtime
[ -d $m/kbox ] || { modprobe -a loop squashfs; mkdir -p $m; mount -t squashfs -o loop,ro ${RUNTIME} $m; }
LD_LIBRARY_PATH=$m/lib exec $m/bin/node $m/kbox/kbox.mjs "$@"
`
/** The root's own number is the device mapper's, whatever it is called. */
const FSTAB = '/dev/mapper/vg0-root / ext4 errors=remount-ro 0 1\n'

const why = whyNoDebianRoot()

// Two minutes and more of the distribution's shell scripts, emulated.
describe('a root on LVM', { skip: why ?? UNLESS_WHOLE }, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-backends-'))
  const at = (name: string): string => path.join(folder, name)
  let guest: DebianGuest | undefined

  before(async () => {
    const { vmlinuz, baseDir, release } = getCachedKernel(SERIES)
    const root = at('root.img')
    const source = debianRoot({ packages: PACKAGES, series: SERIES })
    execFileSync('cp', ['--reflink=auto', '--sparse=always', source, root])
    const file = (name: string, text: string, mode = 0o644): string => {
      writeFileSync(at(name), text, { mode })
      return at(name)
    }
    placeFiles(root, [
      { path: RUNTIME, source: buildRuntimeImage() },
      { path: '/usr/bin/kbox', source: file('kbox', KBOX, 0o755) },
      { path: '/etc/kdump.conf', source: file('kdump.conf', KDUMP_CONF) },
      { path: '/etc/fstab', source: file('fstab', FSTAB) },
      { path: '/var/crash/.keep', source: file('keep', '\n') },
    ])
    makeLvmDisk(at('lvm.img'), root, 'vg0', 'root')
    rmSync(root)
    const initrd = at('initrd')
    buildLvmInitramfs(initrd, {
      busybox: findTool('busybox'),
      modules: new ModuleIndex(findModuleFolder(release, vmlinuz, baseDir)),
      node: '/dev/mapper/vg0-root',
    })
    guest = await DebianGuest.create({
      ...{ root: at('lvm.img'), series: SERIES, initrd },
      ...{ cmdline: 'crashkernel=256M', memoryBytes: 768 * 2 ** 20 },
    })
  })
  after(async () => {
    await guest?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  async function armAndCrash(backend: string, prepare = 'true'): Promise<string> {
    assert.ok(guest)
    await guest.boot()
    assert.equal((await guest.run(prepare)).code, 0)
    const started = performance.now()
    const { code, output } = await guest.run('kbox start --verbose', 900_000)
    process.stderr.write(
      `# kbox start with ${backend}: ${Math.round(performance.now() - started)} ms, ` +
        `image of ${/img: (\d+) bytes/.exec(output)?.[1]} bytes\n`,
    )
    assert.equal(code, 0, output)
    const end = await guest.crash('sync; echo c > /proc/sysrq-trigger', 900_000)
    assert.equal(end, 'reset')
    return output
  }

  /** What the capture kernel of the last boot said. */
  function lastConsole(): string {
    assert.ok(guest)
    const names = readdirSync(guest.folder).filter((name) => /^console\.\d+\.log$/.test(name))
    const log = readFileSync(path.join(guest.folder, names.sort().at(-1) ?? ''), 'utf8')
    return log.slice(log.lastIndexOf('Linux version'))
  }

  /** The folders of all dumps, oldest first. */
  function dumps(): string[] {
    assert.ok(guest)
    const disk = `${path.join(guest.folder, 'root.img')}?offset=${LVM_DATA_OFFSET}`
    repairDisk(disk)
    // debugfs copies nothing into a folder that is there already.
    const copy = extractFolder(disk, '/var/crash', mkdtempSync(at('extracted-')))
    assert.ok(copy)
    return readdirSync(copy)
      .filter((name) => name.startsWith('127.0.0.1-'))
      .sort()
      .map((name) => path.join(copy, name))
  }

  /** @param log of the console, which says why where there is no dump */
  function checkDump(dump: string | undefined, log: string): void {
    assert.ok(dump, `no folder of a dump; the console said\n${log}`)
    assert.match(log, /kbox: recording from the folder \/kbox of this image/)
    assert.doesNotMatch(log, /recording without them/, 'the guard had to help')
    assert.match(readFileSync(path.join(dump, 'vmcore-dmesg.txt'), 'utf8'), /sysrq triggered crash/)
    const manifest = readFileSync(path.join(dump, 'kbox.json'), 'utf8')
    assert.match(manifest, /"complete": true/)
    const low = Number(/"memAvailableMinBytes": (\d+)/.exec(manifest)?.[1])
    assert.ok(low > 20 * 2 ** 20, `${low} bytes of memory at the lowest`)
    process.stderr.write(`# lowest free memory: ${low}\n`)
    using source = openFileSource(path.join(dump, 'vmcore'))
    const program = openKernel(source)
    const task = panicTask(program)
    assert.ok(task)
    assert.equal(stackTrace(program, task).end, 'user')
  }

  test('dracut sets it up, and the dump is on it', async () => {
    const output = await armAndCrash('dracut')
    assert.match(output, /made by dracut: the target needs LVM/)
    assert.match(output, /usr\/s?bin\/lvm/)
    checkDump(dumps().at(-1), lastConsole())
  })

  test('so does initramfs-tools, where there is no dracut', async () => {
    const output = await armAndCrash('initramfs-tools', 'mv /usr/bin/dracut /usr/bin/dracut.off')
    assert.match(output, /made by initramfs-tools: the target needs LVM/)
    assert.match(output, /boot=kbox/)
    checkDump(dumps().at(-1), lastConsole())
  })
})
