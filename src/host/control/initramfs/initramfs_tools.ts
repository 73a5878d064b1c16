// Debian's image with our boot script in it, which starts the recorder where the root file system would be mounted.
// Source: initramfs-tools(7), mkinitramfs(8).
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import type { StorageNeeds } from './build_image.ts'
import type { StorageLayer } from './device_modules.ts'
import { findProgram, runDistributionTool } from './distribution_tool.ts'
import { STORAGE_CONFIGURATION, type ImageBackend } from './image_backend.ts'
import { buildStackedImage } from './stacked_image.ts'
import { BASE_SCRIPTS } from './stacked_scripts.ts'

const TOOL = 'mkinitramfs'
const CONFIGURATION = '/etc/initramfs-tools'

/** What the hooks of lvm2, mdadm and multipath-tools-boot bring. That of cryptsetup knows the root's devices only. */
const SERVED: readonly StorageLayer[] = ['LVM', 'RAID', 'multipath', 'device mapper']

/** Debian's and Ubuntu's tool. */
export const initramfsTools: ImageBackend = {
  name: 'initramfs-tools',
  packages: 'initramfs-tools-core',
  serves: (layer) => SERVED.includes(layer),
  append: `rdinit=/${BASE_SCRIPTS.boot} boot=kbox`,
  configuration: [...STORAGE_CONFIGURATION, ...['/usr/sbin/mkinitramfs', '/etc/initramfs-tools']],
  find: (root) => findProgram(root, TOOL),
  build: (file, inputs) => buildStackedImage(file, inputs, buildBase),
}

/**
 * Write a configuration like the machine's own, except that only the given modules are put in, and our script is.
 *
 * @param own the machine's, which need not exist
 * @throws {HostError} if it is there but cannot be read
 */
export function writeConfiguration(folder: string, drivers: readonly string[], own: string): void {
  try {
    if (existsSync(own)) cpSync(own, folder, { recursive: true, dereference: true })
  } catch (cause) {
    throw new HostError(`${own} cannot be copied`, '', { cause })
  }
  for (const part of ['conf.d', 'hooks', 'scripts'])
    mkdirSync(path.join(folder, part), { recursive: true })
  // A capture kernel resumes nothing.
  rmSync(path.join(folder, 'conf.d/resume'), { force: true })
  const main = path.join(folder, 'initramfs.conf')
  const before = existsSync(main) ? readFileSync(main, 'utf8') : ''
  // The last word wins, of this file as of conf.d.
  writeFileSync(main, `${before}\nCOMPRESS=gzip\n`)
  writeFileSync(
    path.join(folder, 'conf.d/zz-kbox'),
    'MODULES=list\nBUSYBOX=auto\nRESUME=none\nRUNSIZE=10%\n',
  )
  writeFileSync(path.join(folder, 'modules'), drivers.map((name) => `${name}\n`).join(''))
  writeFileSync(path.join(folder, 'scripts/kbox'), BOOT_SCRIPT, { mode: 0o755 })
}

function buildBase(folder: string, { drivers }: StorageNeeds, release: string): string {
  const image = path.join(folder, 'initramfs-tools.img')
  const configuration = path.join(folder, 'conf')
  writeConfiguration(configuration, drivers, CONFIGURATION)
  runDistributionTool(
    findProgram('/', TOOL) ?? TOOL,
    ['-c', 'gzip', '-d', configuration, '-o', image, release],
    { TMPDIR: folder },
  )
  return image
}

/** Seconds within which the devices should be there; the guard of /kbox/boot acts later. */
const WAIT_SECONDS = 30

/** What `boot=kbox` runs: sourced by /init, which calls its functions. */
export const BOOT_SCRIPT = `# kbox: brings up the devices as scripts/local does, then records.
mountroot()
{
	local_top
	wait_for_udev 10
	tries=0
	while [ $tries -lt ${WAIT_SECONDS} ] && ! /${BASE_SCRIPTS.ready}; do
		[ -d /scripts/local-block ] && local_block "kbox"
		sleep 1
		tries=$((tries + 1))
	done
	/${BASE_SCRIPTS.enter}
}
mount_top()
{
	:
}
mount_premount()
{
	:
}
mount_bottom()
{
	:
}
`
