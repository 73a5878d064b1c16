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
import { GUEST_VERSION } from '../../src/host/rehearse/guest_files.ts'
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
while read -r module options; do insmod "/lib/kbox/modules/$module.ko" $options; done < /etc/kbox/modules
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

/** What sort of machine is crashed: a small one, or one of 4 GB whose page cache holds 1.4 GB of files. */
export type RawDumpSize = 'small' | 'large'

const LARGE_BYTES = 4 * 2 ** 30
const FILL = '/srv/fill'
/** Read the files into the page cache, and leave freed pages that are not zero. */
const FILL_CACHE = `cat ${FILL}/* > /dev/null; cp ${FILL}/node ${FILL}/gone; rm ${FILL}/gone`

/** Folder in the cache that holds vmcore.elf, vmcore, truth/, vmcore-dmesg.txt, kbox.json and console.log of one crash. */
export function rawDumpFolder(series: string, size: RawDumpSize = 'small'): string {
  return cachePath('dumps', size === 'large' ? `${series}-large` : series)
}

/**
 * Crash a kernel of the cache unless that was done before; some 70 s.
 *
 * @returns the folder
 * @throws {Error} if the rehearsal fails
 */
export async function makeRawDump(series: string, size: RawDumpSize = 'small'): Promise<string> {
  const folder = rawDumpFolder(series, size)
  if (isFresh(folder, getCachedKernel(series).release)) return folder
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'kbox-raw-'))
  const fresh = `${folder}.partial`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  try {
    const archive = path.join(scratch, 'raw.cpio')
    writeArchive(archive)
    const options = rehearseOptions(series, `${DEFAULT_KDUMP_CONF}force_no_rebuild 1\n`)
    const result = await rehearse({
      ...options,
      // The truth then has addresses where /proc prints hashes: of sockets, timers, vmalloc areas.
      scenario: { ...options.scenario, cmdline: 'no_hash_pointers' },
      ...(size === 'large' ? { memoryBytes: LARGE_BYTES, timeoutMs: 900_000 } : {}),
      keep: fresh,
      files: [
        { path: ARCHIVE, source: archive },
        ...(size === 'large'
          ? [
              { path: `${FILL}/vmlinux`, source: getCachedKernel(series).vmlinux },
              { path: `${FILL}/node`, source: process.execPath },
            ]
          : []),
      ],
      arm: [
        ...(size === 'large' ? [['sh', '-c', FILL_CACHE]] : []),
        ['kbox', 'start', '--build-only', '--image', IMAGE],
        // The kernel unpacks archives one behind the other. What the image was when it was built is not what it must be.
        ['sh', '-c', `cat ${ARCHIVE} >> ${IMAGE} && rm ${IMAGE}.json`],
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
  return made.release === release && readGuestVersion(folder) >= GUEST_VERSION
}

/** Not equal: a checkout that lags behind does not undo what a newer one has made. */
function readGuestVersion(folder: string): number {
  const file = path.join(folder, 'truth/guest-version')
  return existsSync(file) ? Number(readFileSync(file, 'latin1')) : 1
}
