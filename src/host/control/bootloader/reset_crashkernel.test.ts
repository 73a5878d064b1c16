// reset-crashkernel on trees of real distributions (test/support/boot_trees.ts): which entries, which values, which edits
// and commands. G1 to G8 are vectors of the notes.
import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  DEBIAN,
  facts,
  FEDORA,
  FEDORA_KERNELS,
  type FileTree,
  OPENSUSE,
  OSTREE,
  RHEL8,
  SYSTEMD_BOOT,
  writeTree,
  ZIPL,
} from '../../../../test/support/boot_trees.ts'
import { HostError, UsageError } from '../../../core/base/errors.ts'
import { readCrashkernelFacts } from '../crashkernel/machine_facts.ts'
import { findBootLoader } from './boot_loaders.ts'
import { applyEdits, BACKUP_SUFFIX, readTree, revertEdits } from './file_edit.ts'
import { findArg } from './kernel_args.ts'
import { releaseOfKernel } from './kernel_path.ts'
import { unifiedDiff } from './line_diff.ts'
import { parseGrubbyInfo } from './loaders/grubby.ts'
import { planReset, type ResetChoice, type ResetPlan } from './reset_crashkernel.ts'

const FEDORA_DEFAULT = '2G-64G:256M,64G-:512M'

function treeOf(context: TestContext, tree: FileTree): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-boot-'))
  context.after(() => rmSync(root, { recursive: true }))
  writeTree(root, tree)
  return root
}

function plan(root: string, choice: Partial<ResetChoice> = {}): ResetPlan {
  const full = { values: [], keepsCustom: false, ...choice }
  return planReset({ root }, readCrashkernelFacts(root), full)
}

/** What each entry would boot with once the plan was carried out. */
function argsAfter(root: string, choice: Partial<ResetChoice>): (string | undefined)[] {
  applyEdits(root, plan(root, choice).plan.edits)
  const context = { root }
  return findBootLoader(context)
    .readEntries(context)
    .map(({ args }) => findArg(args, 'crashkernel'))
}

const states = ({ outcomes }: ResetPlan) => outcomes.map(({ index, state }) => [index, state])

test('G1: the last crashkernel= counts, and what only ends so is another word', () => {
  const args =
    'crashkernel=11M nvidia-drm.modeset=1 crashkernel=100M ro rhgb quiet crcrashkernel=200M crashkernel=32T-64T:128G,64T-102400T:180G fadump=on'
  assert.equal(findArg(args, 'crashkernel'), '32T-64T:128G,64T-102400T:180G')
  assert.equal(findArg(args, 'fadump'), 'on')
  assert.equal(findArg(args, 'nvidia-drm.modeset'), '1')
  assert.equal(findArg(args, 'ro'), undefined)
  assert.equal(findArg(args, 'aaaa'), undefined)
})

test('G2: a path that is no kernel is refused, and ALL where one kernel must be meant is a kernel of no name', (context) => {
  const root = treeOf(context, FEDORA)
  assert.throws(
    () => plan(root, { kernel: '/boot/nothing' }),
    /Invalid --kernel=\/boot\/nothing, please specify a valid kernel path, ALL or DEFAULT/,
  )
  assert.throws(() => plan(root, { installed: '9.9.9' }), /no kernel for version 9\.9\.9 found/)
  assert.equal(plan(root, { kernel: 'ALL' }).outcomes.length, 4)
})

test('the running kernel alone is changed when none is named', (context) => {
  const root = treeOf(context, FEDORA)
  const reset = plan(root)
  assert.equal(reset.loader, 'bls')
  assert.deepEqual(states(reset), [[0, 'updated']])
  assert.deepEqual(reset.outcomes[0]?.new, [FEDORA_DEFAULT])
  assert.equal(reset.plan.edits.length, 1)
  assert.match(reset.plan.edits[0]?.after ?? '', /rhgb quiet crashkernel=2G-64G:256M,64G-:512M\n/)
})

test('entries are counted as grubby counts them, the rescue entry last', (context) => {
  const root = treeOf(context, FEDORA)
  const entries = findBootLoader({ root }).readEntries({ root })
  assert.deepEqual(
    entries.map(({ index, kernel }) => [index, kernel]),
    FEDORA_KERNELS.map((kernel, index) => [index, kernel]),
  )
  assert.match(entries[1]?.id ?? '', /0~custom$/)
  assert.deepEqual(
    entries.map(({ isDefault }) => isDefault),
    [true, false, false, false],
  )
})

test('G3: of a kernel with two entries, the one that differs is changed', (context) => {
  for (const index of [1, 2]) {
    const root = treeOf(context, FEDORA)
    argsAfter(root, { kernel: 'ALL' })
    const { id = '' } = findBootLoader({ root }).readEntries({ root })[index] ?? {}
    const file = path.join(root, `boot/loader/entries/${id}.conf`)
    writeFileSync(file, readFileSync(file, 'utf8').replace(FEDORA_DEFAULT, '222M'))
    const reset = plan(root, { kernel: FEDORA_KERNELS[1] })
    assert.deepEqual(
      states(reset),
      [1, 2].map((each) => [each, each === index ? 'updated' : 'unchanged']),
    )
  }
})

test('G4: fadump comes, changes and goes, each with the size that goes with it', (context) => {
  const ppc = { ...FEDORA, ...facts('5.15.6-100.fc34.x86_64', 'ID=fedora\n', 'ppc64le') }
  const root = treeOf(context, ppc)
  const apply = (fadump: string | undefined) => {
    const reset = plan(root, { kernel: FEDORA_KERNELS[0], fadump })
    applyEdits(root, reset.plan.edits)
    const { args = '' } = findBootLoader({ root }).readEntries({ root })[0] ?? {}
    const [outcome] = reset.outcomes
    return [outcome?.fadump, findArg(args, 'fadump'), findArg(args, 'crashkernel')?.slice(0, 10)]
  }
  assert.deepEqual(apply('on'), ['on', 'on', '4G-16G:784'])
  assert.deepEqual(apply('on'), [null, 'on', '4G-16G:784'])
  assert.deepEqual(apply(undefined), [null, 'on', '4G-16G:784'])
  assert.deepEqual(apply('nocma'), ['nocma', 'nocma', '4G-16G:784'])
  assert.deepEqual(apply('off'), ['', undefined, '2G-4G:400M'])
  assert.throws(() => plan(root, { fadump: 'maybe' }), /invalid fadump=maybe/)
  assert.throws(() => plan(treeOf(context, FEDORA), { fadump: 'on' }), /only valid on PPC/)
})

test('G5: what a person chose is overwritten when asked for, and kept when defaults are updated', (context) => {
  const root = treeOf(context, FEDORA)
  argsAfter(root, { kernel: FEDORA_KERNELS[0], values: ['300M'] })
  argsAfter(root, { kernel: FEDORA_KERNELS[1], values: ['1G-4G:192M,4G-64G:256M,64G-:512M'] })
  assert.deepEqual(states(plan(root, { kernel: 'ALL', keepsCustom: true })).slice(0, 3), [
    [0, 'kept'],
    [1, 'updated'],
    [2, 'updated'],
  ])
  assert.equal(plan(root, { kernel: 'ALL' }).outcomes[0]?.state, 'updated')
})

test('G6: in the container of osbuild, an image with its own crashkernel= keeps it', (context) => {
  const osbuild = { ...FEDORA, 'proc/1/environ': 'HOME=/root\0container=bwrap-osbuild\0' }
  const installed = '5.15.6-100.fc34.x86_64'
  const own = treeOf(context, { ...osbuild, 'etc/kernel/cmdline': 'ro crashkernel=auto\n' })
  assert.deepEqual(states(plan(own, { installed })), [[0, 'kept']])
  const none = treeOf(context, { ...osbuild, 'etc/kernel/cmdline': 'ro\n' })
  assert.deepEqual(states(plan(none, { installed })), [[0, 'updated']])
})

test('G7: OSTree takes the change to the next deployment', (context) => {
  const root = treeOf(context, OSTREE)
  const reset = plan(root, { values: ['320M'] })
  assert.equal(reset.loader, 'ostree')
  assert.deepEqual(reset.plan, {
    edits: [],
    commands: [['rpm-ostree', 'kargs', '--replace=crashkernel=320M']],
    notes: [],
  })
  assert.deepEqual(plan(root, { values: ['256M,high', '72M,low'] }).plan.commands, [
    [
      'rpm-ostree',
      'kargs',
      '--delete=crashkernel=256M',
      '--append=crashkernel=256M,high',
      '--append=crashkernel=72M,low',
    ],
  ])
  assert.deepEqual(plan(root, { values: ['256M'] }).plan.commands, [])
})

test('G8: the release of a kernel by its path', () => {
  const id = '0123456789abcdef0123456789abcdef'
  const cases = [
    ['/boot/vmlinuz-5.14.0-312.el9.aarch64+64k', '5.14.0-312.el9.aarch64+64k'],
    [`/boot/efi/${id}/6.12.1-arch1-1/linux`, '6.12.1-arch1-1'],
    ['/efi/fedora/6.12.1-100.fc41.x86_64/linux', '6.12.1-100.fc41.x86_64'],
    [`/boot/efi/EFI/Linux/${id}-6.12.1-100.fc41.x86_64.efi`, '6.12.1-100.fc41.x86_64'],
    [`/efi/EFI/Linux/${id}-6.12.1+3-0.efi`, '6.12.1'],
    ['/boot/vmlinux-6.4.0-default', '6.4.0-default'],
    ['/usr/lib/modules/6.12.1-arch1-1/vmlinuz', '6.12.1-arch1-1'],
    ['/boot/bzImage', ''],
  ] as const
  for (const [file, release] of cases) assert.equal(releaseOfKernel(file), release, file)
})

test('G8: a kernel with 64 KiB pages gets its own value beside one without', (context) => {
  const release = '5.14.0-312.el9.aarch64'
  const entry = (version: string): string => `linux /vmlinuz-${version}\noptions ro\n`
  const root = treeOf(context, {
    ...facts(release, 'ID=rhel\nVERSION_ID=9.4\n', 'aarch64'),
    'boot/grub2/grub.cfg': '',
    [`boot/loader/entries/id-${release}.conf`]: entry(release),
    [`boot/loader/entries/id-${release}+64k.conf`]: entry(`${release}+64k`),
  })
  const { outcomes } = plan(root, { kernel: 'ALL' })
  assert.deepEqual(
    outcomes.map(({ kernel, new: [value] }) => [kernel, value]),
    [
      [`/boot/vmlinuz-${release}+64k`, '1G-4G:356M,4G-64G:420M,64G-:676M'],
      [`/boot/vmlinuz-${release}`, '1G-4G:256M,4G-64G:320M,64G-:576M'],
    ],
  )
})

test('ALL reaches kernels that are installed later', (context) => {
  const root = treeOf(context, FEDORA)
  assert.deepEqual(
    argsAfter(root, { kernel: 'ALL', values: ['auto'] }),
    Array(4).fill(FEDORA_DEFAULT),
  )
  assert.match(
    readTree(root, '/etc/default/grub'),
    /^GRUB_CMDLINE_LINUX="crashkernel=2G-64G:256M,64G-:512M resume=/m,
  )
  assert.deepEqual(plan(root, { kernel: 'ALL' }).plan.edits, [])
})

test('RHEL 8: what all entries share is changed in the environment block, which keeps its size', (context) => {
  const root = treeOf(context, RHEL8)
  const reset = plan(root, { kernel: 'ALL', values: ['256M'] })
  assert.deepEqual(
    reset.plan.edits.map(({ file }) => file),
    ['/boot/efi/EFI/redhat/grubenv'],
  )
  applyEdits(root, reset.plan.edits)
  const block = readTree(root, '/boot/grub2/grubenv')
  assert.equal(block.length, 1024)
  assert.match(
    block,
    /^kernelopts=root=\/dev\/mapper\/root_vg-lv_root ro crashkernel=256M resume=.*115200 $/m,
  )
  assert.match(block, /^tuned_initrd=\n#+$/m)
  const entries = findBootLoader({ root }).readEntries({ root })
  assert.deepEqual(
    entries.map(({ args }) => findArg(args, 'crashkernel')),
    ['256M', '256M'],
  )
  assert.match(entries[0]?.args ?? '', /transparent_hugepages=never$/)
})

test('RHEL 8: one entry of several gets the line written out', (context) => {
  const root = treeOf(context, RHEL8)
  assert.deepEqual(argsAfter(root, { values: ['256M'] }), ['256M', 'auto'])
  const file = '/boot/loader/entries/295e1ba1696e4fad9e062f096f92d147-4.18.0-305.el8.x86_64.conf'
  assert.match(
    readTree(root, file),
    /^options root=\/dev\/mapper\/root_vg-lv_root ro crashkernel=256M .* \$tuned_params$/m,
  )
})

test('RHEL 8: a command line too long for the block is refused', (context) => {
  const root = treeOf(context, RHEL8)
  const long = Array.from({ length: 90 }, (_, index) => `${index + 1}G-${index + 2}G:192M`).join(
    ',',
  )
  assert.throws(
    () => plan(root, { kernel: 'ALL', values: [long] }),
    /no room for the new command line/,
  )
})

test('Debian: the drop-in of kdump-tools is changed, and update-grub is run', (context) => {
  const root = treeOf(context, DEBIAN)
  const reset = plan(root, { kernel: 'ALL' })
  assert.equal(reset.loader, 'debian-grub')
  assert.deepEqual(reset.plan.commands, [['update-grub']])
  assert.deepEqual(
    reset.plan.edits.map(({ file, before, after }) => unifiedDiff(file, before, after)),
    [
      `--- /etc/default/grub.d/kdump-tools.cfg
+++ /etc/default/grub.d/kdump-tools.cfg
@@ -1,1 +1,1 @@
-GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=384M-:128M"
+GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=512M-:192M"
`,
    ],
  )
  assert.deepEqual(argsAfter(root, {}), ['512M-:192M'])
  assert.throws(() => plan(root, { kernel: '/boot/vmlinuz-6.1.0-50-amd64' }), /please specify ALL/)
})

test('Debian: without kdump-tools a drop-in is made; of several places the last one that counts stays', (context) => {
  const { 'etc/default/grub.d/kdump-tools.cfg': _, ...bare } = DEBIAN
  const root = treeOf(context, bare)
  assert.deepEqual(argsAfter(root, { values: ['256M,high', '72M,low'] }), ['72M,low'])
  assert.match(
    readTree(root, '/etc/default/grub.d/kbox.cfg'),
    /^GRUB_CMDLINE_LINUX_DEFAULT="\$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=256M,high crashkernel=72M,low"$/m,
  )
  const grub = path.join(root, 'etc/default/grub')
  writeFileSync(grub, readFileSync(grub, 'utf8').replace('LINUX=""', 'LINUX="crashkernel=128M ro"'))
  assert.deepEqual(argsAfter(root, { values: ['200M'] }), ['200M'])
  assert.match(readFileSync(grub, 'utf8'), /^GRUB_CMDLINE_LINUX="ro"$/m)
  const { args } = findBootLoader({ root }).readEntries({ root })[0] ?? {}
  assert.equal(args, 'ro quiet crashkernel=200M')
})

test('openSUSE: high and low become one value, in their place', (context) => {
  const root = treeOf(context, OPENSUSE)
  const reset = plan(root, { values: ['320M'] })
  assert.equal(reset.loader, 'grub-mkconfig')
  assert.deepEqual(reset.plan.commands, [['grub2-mkconfig', '-o', '/boot/grub2/grub.cfg']])
  assert.match(
    reset.plan.edits[0]?.after ?? '',
    /mitigations=auto crashkernel=320M"\nGRUB_CMDLINE_LINUX=''\n/,
  )
  const none = treeOf(context, { ...OPENSUSE, 'etc/default/grub': 'GRUB_TIMEOUT=8' })
  assert.deepEqual(argsAfter(none, { values: ['320M'] }), ['320M'])
  assert.equal(
    readTree(none, '/etc/default/grub'),
    'GRUB_TIMEOUT=8\nGRUB_CMDLINE_LINUX_DEFAULT="crashkernel=320M"\n',
  )
})

test('systemd-boot: entries on the ESP, and the line of kernel-install', (context) => {
  const root = treeOf(context, SYSTEMD_BOOT)
  const [entry] = findBootLoader({ root }).readEntries({ root })
  assert.equal(entry?.kernel, '/efi/0123456789abcdef0123456789abcdef/6.12.1-arch1-1/linux')
  assert.equal(entry?.isDefault, true)
  assert.deepEqual(argsAfter(root, { kernel: 'ALL', values: ['256M'] }), ['256M'])
  assert.equal(
    readTree(root, '/etc/kernel/cmdline'),
    'root=UUID=c21f153f-c0a8-42db-9ba5-8299e3c3d5b9 rw quiet crashkernel=256M\n',
  )
})

test('unified kernel images are built anew from the line of kernel-install', (context) => {
  const { 'etc/kernel/cmdline': line = '' } = SYSTEMD_BOOT
  const uki = {
    ...facts('6.12.1-arch1-1', 'ID=arch\n'),
    'etc/kernel/cmdline': line,
    'efi/EFI/Linux/0123456789abcdef0123456789abcdef-6.12.1-arch1-1.efi': 'MZ',
  }
  const root = treeOf(context, uki)
  const reset = plan(root, { kernel: 'ALL', values: ['256M'] })
  assert.deepEqual(reset.plan.commands, [['kernel-install', 'add-all']])
  assert.deepEqual(
    reset.plan.edits.map(({ file }) => file),
    ['/etc/kernel/cmdline'],
  )
  assert.throws(() => plan(root, { values: ['256M'] }), /sealed in the image; use --kernel=ALL/)
  const bare = treeOf(context, { ...uki, 'etc/kernel/cmdline': '' })
  assert.throws(
    () => plan(bare, { kernel: 'ALL', values: ['256M'] }),
    /put the whole command line there/,
  )
})

test('zipl: the parameters of each section, and the boot record anew', (context) => {
  const root = treeOf(context, ZIPL)
  const reset = plan(root, { kernel: 'ALL', values: ['256M'] })
  assert.deepEqual([reset.loader, reset.plan.commands], ['zipl', [['zipl']]])
  const { 'etc/zipl.conf': before = '' } = ZIPL
  assert.equal(
    reset.plan.edits[0]?.after,
    before.replaceAll('crashkernel=auto', 'crashkernel=256M'),
  )
  assert.deepEqual(states(plan(root, { kernel: 'DEFAULT', values: ['256M'] })), [[0, 'updated']])
})

const GRUBBY_INFO = `index=0
kernel="/boot/vmlinuz-5.14.0-427.el9.x86_64"
args="ro crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M rd.lvm.lv=rl/root $tuned_params"
root="/dev/mapper/rl-root"
initrd="/boot/initramfs-5.14.0-427.el9.x86_64.img $tuned_initrd"
title="Rocky Linux (5.14.0-427.el9.x86_64) 9.4 (Blue Onyx)"
id="224f8b7897fe459aaefa3de1190e8600-5.14.0-427.el9.x86_64"
index=1
kernel="/boot/vmlinuz-0-rescue-224f8b7897fe459aaefa3de1190e8600"
args="ro"
root="/dev/mapper/rl-root"
id="224f8b7897fe459aaefa3de1190e8600-0-rescue"
`

test('grubby does it where it can be run: all at once, or by index', (context) => {
  const root = treeOf(context, {
    ...facts('5.14.0-427.el9.x86_64', 'ID=rocky\nID_LIKE="rhel"\nVERSION_ID=9.4\n'),
    'usr/sbin/grubby': '',
  })
  const run = (argv: readonly string[]): string => (argv[1] === '--info=ALL' ? GRUBBY_INFO : '0\n')
  const reset = (choice: Partial<ResetChoice>): ResetPlan =>
    planReset({ root, run }, readCrashkernelFacts(root), {
      ...{ values: ['300M'], keepsCustom: false },
      ...choice,
    })
  assert.deepEqual(reset({ kernel: 'ALL' }).plan.commands, [
    ['grubby', '--update-kernel', 'ALL', '--args', 'crashkernel=300M'],
  ])
  assert.deepEqual(reset({}).plan.commands, [
    ['grubby', '--update-kernel', '0', '--args', 'crashkernel=300M'],
  ])
  assert.deepEqual(reset({ values: ['1G,high', '72M,low'] }).plan.commands, [
    ['grubby', '--update-kernel', '0', '--args', 'crashkernel=1G,high crashkernel=72M,low'],
  ])
  assert.deepEqual(
    parseGrubbyInfo(GRUBBY_INFO, 1).map(({ index, isDefault }) => [index, isDefault]),
    [
      [0, false],
      [1, true],
    ],
  )
})

test('a value that no kernel would take is refused before anything is written', (context) => {
  const root = treeOf(context, FEDORA)
  for (const value of ['foo', '1G-4G', '256M,huge', 'a b', '$(x)']) {
    assert.throws(() => plan(root, { values: [value] }), UsageError, value)
  }
  assert.equal(plan(root, { values: ['1G-2G:64M'] }).outcomes[0]?.bytes, 0)
})

test('a machine whose boot loader is not known says so', (context) => {
  const root = treeOf(context, facts('6.1.0', 'ID=debian\n'))
  assert.throws(() => plan(root), HostError)
})

test('files are replaced whole, keep their mode, and leave what they were beside them', (context) => {
  const root = treeOf(context, DEBIAN)
  const file = path.join(root, 'etc/default/grub.d/kdump-tools.cfg')
  chmodSync(file, 0o640)
  const before = readFileSync(file, 'utf8')
  const { edits } = plan(root).plan
  applyEdits(root, edits)
  assert.equal(statSync(file).mode & 0o777, 0o640)
  assert.equal(readFileSync(`${file}${BACKUP_SUFFIX}`, 'utf8'), before)
  revertEdits(root, edits)
  assert.equal(readFileSync(file, 'utf8'), before)
})

test('a file that changed meanwhile is not overwritten, and the others are put back', (context) => {
  const root = treeOf(context, FEDORA)
  const { edits } = plan(root, { kernel: 'ALL' }).plan
  const [first, last] = [edits[0], edits.at(-1)]
  assert.ok(first && last)
  writeFileSync(path.join(root, last.file), 'someone else')
  assert.throws(() => applyEdits(root, edits), /has changed since it was read/)
  assert.equal(readTree(root, first.file), first.before)
  assert.equal(readTree(root, last.file), 'someone else')
})

test('a new file that cannot stay is removed', (context) => {
  const root = treeOf(context, {})
  const edits = [{ file: '/etc/new.cfg', before: '', after: 'text\n' }]
  applyEdits(root, edits)
  assert.ok(existsSync(path.join(root, 'etc/new.cfg')))
  revertEdits(root, edits)
  assert.ok(!existsSync(path.join(root, 'etc/new.cfg')))
})
