// Which file is the capture kernel: kdump-utils' search, in its order, on any boot layout. Reads only.
// Source: kdump-utils' prepare_kdump_kernel; the Boot Loader Specification; systemd-stub(7) for StubImageIdentifier.
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../../core/base/errors.ts'
import { listFacts, readFact } from '../../../platform/fact_tree.ts'
import { splitCmdline } from '../capture_cmdline.ts'
import type { LoadSettings } from '../../config/load_settings.ts'
import { readKernelRelease } from './kernel_image.ts'

/** A capture kernel. */
export interface ChosenKernel {
  /** Path on that machine. */
  readonly file: string
  /** Its release, by which its modules are found. */
  readonly release: string
  /** Why this release and file, for people. */
  readonly reason: string
}

/** Release of the running kernel: `uname -r`. @param root where proc/ is found */
export function readRunningRelease(root = '/'): string {
  const release = readFact(root, 'proc/sys/kernel/osrelease')
  if (release) return release
  throw new HostError(`${path.join(root, 'proc/sys/kernel/osrelease')} cannot be read`, 'ENOENT')
}

/**
 * Choose the capture kernel.
 *
 * @param root where boot/, etc/, proc/ and sys/ are found
 * @throws {HostError} naming where it was looked for
 */
export function chooseKernel(settings: LoadSettings, root = '/'): ChosenKernel {
  const { kernel } = settings
  const running = readRunningRelease(root)
  if (kernel.startsWith('/')) {
    const file = path.join(root, kernel)
    if (!existsSync(file)) throw new HostError(`kernel ${kernel}: no such file`, 'ENOENT')
    const release = findReleaseOf(file) ?? running
    return { file: kernel, release, reason: 'it was named' }
  }
  const { release, reason } = chooseRelease(kernel, running, root)
  for (const candidate of candidates(release, settings, root)) {
    const stat = statSync(path.join(root, candidate), { throwIfNoEntry: false })
    if (stat?.isFile()) return { file: path.join('/', candidate), release, reason }
  }
  const where = bootFolders(settings, root).map((folder) => path.join('/', folder))
  throw new HostError(
    `Failed to detect kdump kernel location (no ${settings.imageName}-${release}${settings.imageSuffix}, no ` +
      `MACHINE-ID/${release}/ and no unified kernel image of it in ${where.join(', ')}, none in ` +
      `${findModuleDirectory(release, root)}): give --kernel FILE`,
    'ENOENT',
  )
}

/** Find the folder of a release's modules. @returns the first candidate if none has modules.dep */
export function findModuleDirectory(release: string, root = '/'): string {
  const candidates = [`lib/modules/${release}`, `usr/lib/modules/${release}`].map((folder) =>
    path.join(root, folder),
  )
  const found = candidates.find((folder) => existsSync(path.join(folder, 'modules.dep')))
  return found ?? (candidates[0] as string)
}

/** Find the release of a kernel file: in a bzImage's header, else in its name or its folder's; undefined if neither says. */
export function findReleaseOf(file: string): string | undefined {
  try {
    return readKernelRelease(file)
  } catch {
    const named = /^vmlinuz-(\d[\w.+~-]*)$/.exec(path.basename(file))?.[1]
    const folder = path.basename(path.dirname(file))
    return named ?? (/^\d+\.\d+[\w.+~-]*$/.test(folder) ? folder : undefined)
  }
}

function chooseRelease(
  wanted: string,
  running: string,
  root: string,
): { readonly release: string; readonly reason: string } {
  if (wanted !== '') return { release: wanted, reason: 'KDUMP_KERNELVER names its release' }
  const plain = running.replace(/[+-]debug$/, '')
  if (plain === running) return { release: running, reason: 'it is the kernel that runs' }
  const dep = path.join(findModuleDirectory(plain, root), 'modules.dep')
  if (!existsSync(dep)) {
    return { release: running, reason: `it is the kernel that runs; ${plain} is not installed` }
  }
  return {
    release: plain,
    reason: `Use of debug kernel detected. Trying to use ${plain}, which needs less memory`,
  }
}

/** Paths from the root, without a leading slash, best first. */
function* candidates(release: string, settings: LoadSettings, root: string): Generator<string> {
  const { imageName, imageSuffix } = settings
  const folders = bootFolders(settings, root)
  const machineId = readFact(root, 'etc/machine-id') ?? ''
  const booted = findBootImage(readFact(root, 'proc/cmdline') ?? '')
  // The boot loader counts from its own partition, which may be mounted anywhere.
  if (booted.endsWith(release)) for (const folder of folders) yield path.join(folder, booted)
  for (const folder of folders) {
    yield path.join(folder, `${imageName}-${release}${imageSuffix}`)
    if (machineId === '') continue
    // Fedora's kernel-install plug-in calls it vmlinuz, systemd's linux.
    for (const name of [imageName, 'linux']) yield path.join(folder, machineId, release, name)
  }
  for (const lib of ['usr/lib', 'lib']) yield `${lib}/modules/${release}/vmlinuz`
  const stub = readStubImage(root)
  for (const folder of folders) {
    if (stub?.includes(release)) yield path.join(folder, stub)
    if (machineId !== '') yield path.join(folder, 'EFI/Linux', `${machineId}-${release}.efi`)
  }
  for (const lib of ['usr/lib', 'lib']) yield `${lib}/modules/${release}/vmlinuz-virt.efi`
}

function bootFolders({ bootFolder }: LoadSettings, root: string): string[] {
  if (bootFolder !== '') return [bootFolder]
  const ostree = listFacts(root, 'boot/ostree').map((name) => `boot/ostree/${name}`)
  return ['boot', ...ostree, 'boot/efi', 'efi', '']
}

/** BOOT_IMAGE without GRUB's device in front: `(hd0,gpt2)/vmlinuz-6.1` is `/vmlinuz-6.1`. */
function findBootImage(cmdline: string): string {
  const word = splitCmdline(cmdline).find((candidate) => candidate.startsWith('BOOT_IMAGE='))
  return word?.replace(/^BOOT_IMAGE=(\([^)]*\))?/, '') ?? ''
}

/** The EFI program that systemd-stub was started as: UTF-16 behind four bytes of attributes. */
function readStubImage(root: string): string | undefined {
  const name = 'StubImageIdentifier-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f'
  try {
    const bytes = readFileSync(path.join(root, 'sys/firmware/efi/efivars', name)).subarray(4)
    const text = new TextDecoder('utf-16le').decode(bytes).replace(/\0.*$/s, '')
    return text.replaceAll('\\', '/')
  } catch {
    return undefined
  }
}
