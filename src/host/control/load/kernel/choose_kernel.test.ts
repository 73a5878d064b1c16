// Boot layouts in temporary folders: which file of each is the capture kernel, and why.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { mkbzImage } from '../../../../../test/support/mkpe.ts'
import { DEFAULT_LOAD_SETTINGS, type LoadSettings } from '../../config/load_settings.ts'
import { chooseKernel, findReleaseOf } from './choose_kernel.ts'

const RELEASE = '6.12.1-7.fc41.x86_64'
const ID = '0123456789abcdef0123456789abcdef'

interface Layout {
  readonly release?: string
  readonly cmdline?: string
  readonly files: readonly string[]
  readonly settings?: Partial<LoadSettings>
  readonly stub?: string
}

function choose({ release = RELEASE, cmdline = 'quiet', files, settings, stub }: Layout) {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-boot-'))
  const write = (name: string, content: string | Uint8Array): void => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
    writeFileSync(path.join(root, name), content)
  }
  try {
    write('proc/sys/kernel/osrelease', `${release}\n`)
    write('proc/cmdline', `${cmdline}\n`)
    write('etc/machine-id', `${ID}\n`)
    for (const file of files) write(file, 'kernel')
    if (stub !== undefined) {
      const name = 'StubImageIdentifier-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f'
      const value = Buffer.concat([Buffer.alloc(4), Buffer.from(`${stub}\0`, 'utf16le')])
      write(`sys/firmware/efi/efivars/${name}`, value)
    }
    return chooseKernel({ ...DEFAULT_LOAD_SETTINGS, ...settings }, root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('the kernel is found in every boot layout', () => {
  const ostree = `boot/ostree/fedora-abc/vmlinuz-${RELEASE}`
  const table: readonly (readonly [string, Layout])[] = [
    [`boot/vmlinuz-${RELEASE}`, { files: [`boot/vmlinuz-${RELEASE}`] }],
    [`boot/efi/vmlinuz-${RELEASE}`, { files: [`boot/efi/vmlinuz-${RELEASE}`] }],
    [`boot/${ID}/${RELEASE}/vmlinuz`, { files: [`boot/${ID}/${RELEASE}/vmlinuz`] }],
    [`boot/efi/${ID}/${RELEASE}/linux`, { files: [`boot/efi/${ID}/${RELEASE}/linux`] }],
    [`efi/EFI/Linux/${ID}-${RELEASE}.efi`, { files: [`efi/EFI/Linux/${ID}-${RELEASE}.efi`] }],
    [ostree, { files: [ostree] }],
    [
      ostree,
      {
        cmdline: `BOOT_IMAGE=(hd0,gpt3)/ostree/fedora-abc/vmlinuz-${RELEASE} ro`,
        files: [ostree, `boot/vmlinuz-${RELEASE}`],
      },
    ],
    [`usr/lib/modules/${RELEASE}/vmlinuz`, { files: [`usr/lib/modules/${RELEASE}/vmlinuz`] }],
    [
      `kernels/bzImage-${RELEASE}.signed`,
      {
        files: [`boot/vmlinuz-${RELEASE}`, `kernels/bzImage-${RELEASE}.signed`],
        settings: { bootFolder: '/kernels', imageName: 'bzImage', imageSuffix: '.signed' },
      },
    ],
    [
      `efi/EFI/Linux/my-${RELEASE}.efi`,
      {
        files: [`efi/EFI/Linux/my-${RELEASE}.efi`],
        stub: `\\EFI\\Linux\\my-${RELEASE}.efi`,
      },
    ],
  ]
  for (const [file, layout] of table) {
    const chosen = choose(layout)
    assert.deepEqual([chosen.file, chosen.release], [`/${file}`, RELEASE], file)
  }
})

test('an old boot entry of another release is not taken', () => {
  const { file } = choose({
    cmdline: 'BOOT_IMAGE=/vmlinuz-5.10.0',
    files: ['boot/vmlinuz-5.10.0', `boot/vmlinuz-${RELEASE}`],
  })
  assert.equal(file, `/boot/vmlinuz-${RELEASE}`)
})

test('a debug kernel gives way to its plain sibling, if that is installed', () => {
  const release = `${RELEASE}+debug`
  const files = [`boot/vmlinuz-${release}`, `boot/vmlinuz-${RELEASE}`]
  const installed = choose({ release, files: [...files, `lib/modules/${RELEASE}/modules.dep`] })
  assert.equal(installed.release, RELEASE)
  assert.match(installed.reason, /^Use of debug kernel detected\. Trying to use 6\.12/)
  assert.equal(choose({ release, files }).release, release)
})

test('KDUMP_KERNELVER decides: a release, or a file', () => {
  const files = ['boot/vmlinuz-6.6.6', `boot/vmlinuz-${RELEASE}`, 'srv/vmlinuz-5.5.5']
  assert.equal(choose({ files, settings: { kernel: '6.6.6' } }).file, '/boot/vmlinuz-6.6.6')
  assert.deepEqual(choose({ files, settings: { kernel: '/srv/vmlinuz-5.5.5' } }), {
    file: '/srv/vmlinuz-5.5.5',
    release: '5.5.5',
    reason: 'it was named',
  })
  assert.throws(
    () => choose({ files, settings: { kernel: '/none' } }),
    /kernel \/none: no such file/,
  )
})

test('without a kernel it is said where it was looked for', () => {
  assert.throws(
    () => choose({ files: [] }),
    /^HostError: Failed to detect kdump kernel location \(no vmlinuz-6\.12\.1\S+, no .* in \/boot, \/boot\/efi, \/efi, \/, none in .*: give --kernel FILE$/,
  )
})

test("a bzImage's own word counts more than its file's name", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-release-'))
  try {
    const file = path.join(folder, 'vmlinuz-1.2.3')
    writeFileSync(file, mkbzImage({ release: '6.9.9-real' }))
    assert.equal(findReleaseOf(file), '6.9.9-real')
    writeFileSync(file, 'no bzImage')
    assert.equal(findReleaseOf(file), '1.2.3')
    assert.equal(findReleaseOf('/boot/Image'), undefined)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
