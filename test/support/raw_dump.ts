// A crash of which both are kept: /proc/vmcore as it was, and what kbox made of it. The capture image gets another
// first program, which copies /proc/vmcore to the target before kbox's own /init starts.
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cachePath } from '../../scripts/cache.ts'
import { writeCpio } from '../../src/host/control/initramfs/cpio.ts'
import { rehearse } from '../../src/host/rehearse/rehearse.ts'
import { DEFAULT_KDUMP_CONF } from '../../src/host/rehearse/rehearse_options.ts'
import { formatRehearseText } from '../../src/host/rehearse/rehearse_text.ts'
import { getCachedKernel, rehearseOptions } from './rehearsals.ts'

/** Name of the raw copy. */
const RAW = 'vmcore.elf'
const PROGRAM = 'init.raw'
const ARCHIVE = '/usr/lib/kbox/raw.cpio'
const IMAGE = '/var/lib/kdump/raw.img'

const SCRIPT = `#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /mnt
. /etc/kbox/capture.sh
while read -r module; do insmod "/lib/kbox/modules/$module.ko"; done < /etc/kbox/modules
n=0
while [ $n -lt 100 ]; do
  n=$((n + 1))
  device=$(findfs "UUID=$uuid") && mount -t "$fstype" "$device" /mnt && break
  sleep 0.1
done
dd if=/proc/vmcore of="/mnt$directory/${RAW}" bs=1M
umount /mnt
umount /dev
umount /sys
umount /proc
exec /init
`

/** Folder in the cache that holds vmcore.elf, vmcore, truth/, vmcore-dmesg.txt, kbox.json and console.log of one crash. */
export function rawDumpFolder(series: string): string {
  return cachePath('dumps', series)
}

/**
 * Crash a kernel of the cache unless that was done before; some 70 s.
 *
 * @returns the folder
 * @throws {Error} if the rehearsal fails
 */
export async function makeRawDump(series: string): Promise<string> {
  const folder = rawDumpFolder(series)
  if (isFresh(folder, getCachedKernel(series).release)) return folder
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'kbox-raw-'))
  const fresh = `${folder}.partial`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  try {
    const archive = path.join(scratch, 'raw.cpio')
    writeArchive(archive)
    const result = await rehearse({
      ...rehearseOptions(series, `${DEFAULT_KDUMP_CONF}force_no_rebuild 1\n`),
      keep: fresh,
      files: [{ path: ARCHIVE, source: archive }],
      arm: [
        ['kbox', 'start', '--build-only', '--image', IMAGE],
        // The kernel unpacks archives one behind the other.
        ['sh', '-c', `cat ${ARCHIVE} >> ${IMAGE}`],
        ['kbox', 'start', '--image', IMAGE, '--append', `rdinit=/${PROGRAM}`],
      ],
      alsoKeep: [RAW],
    })
    if (!result.ok) throw new Error(formatRehearseText(result))
    rmSync(folder, { recursive: true, force: true })
    renameSync(fresh, folder)
    return folder
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    rmSync(fresh, { recursive: true, force: true })
  }
}

function writeArchive(file: string): void {
  const fd = openSync(file, 'w')
  try {
    writeCpio(fd, [{ kind: 'file', path: PROGRAM, mode: 0o755, content: Buffer.from(SCRIPT) }])
  } finally {
    closeSync(fd)
  }
}

function isFresh(folder: string, release: string): boolean {
  const note = path.join(folder, 'rehearsal.json')
  if (!existsSync(note) || !existsSync(path.join(folder, RAW))) return false
  const made: { release: string } = JSON.parse(readFileSync(note, 'utf8'))
  return made.release === release
}
