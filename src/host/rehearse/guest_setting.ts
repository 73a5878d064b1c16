// The setting the workload plays in: swap, a network that leads nowhere, mounts, and a file system that is frozen.
// Shell lines; each is optional.
import { spawnSync } from 'node:child_process'
import { GUEST } from './guest_files.ts'

/** An ext4 file system of its own, frozen: who writes to it waits, uninterruptibly. */
export const FROZEN = `${GUEST.work}/frozen`

/** What to swap to, most preferred first: compressed memory, then a file. busybox's swapon knows no priorities. */
export const SWAP_AREAS: readonly string[] = ['/dev/zram0', `${GUEST.work}/swapfile`]
const SWAP = [
  'echo 8M > /sys/block/zram0/disksize && mkswap /dev/zram0',
  `dd if=/dev/zero of=${GUEST.work}/swapfile bs=64k count=64 && chmod 600 ${GUEST.work}/swapfile && mkswap ${GUEST.work}/swapfile`,
]
/** Addresses for documentation: RFC 5737, RFC 3849. */
const NETWORK = [
  'ip link add dummy0 type dummy; ip link set dummy0 arp on up',
  'ip addr add 192.0.2.1/24 dev dummy0',
  'ip addr add 2001:db8::1/64 dev dummy0',
  'ip route add 203.0.113.0/24 via 192.0.2.254 dev dummy0',
  'arp -s 192.0.2.2 02:00:5e:10:00:02',
]
const MOUNTS = [
  `mkdir -p "${GUEST.work}/two words" ${GUEST.work}/bound ${GUEST.work}/private ${FROZEN}`,
  `mount -t tmpfs -o size=1m,mode=700 small "${GUEST.work}/two words"`,
  `mount --bind /etc ${GUEST.work}/bound && mount -o remount,bind,ro ${GUEST.work}/bound`,
  'mount -t debugfs debugfs /sys/kernel/debug',
  `dd if=/dev/zero of=${GUEST.work}/frozen.img bs=64k count=16 && mke2fs -F ${GUEST.work}/frozen.img && ` +
    `mount -o loop -t ext4 ${GUEST.work}/frozen.img ${FROZEN} && fsfreeze --freeze ${FROZEN}`,
]

/** Prepare it. What a line that fails says goes to the console. */
export function prepareSetting(): void {
  const script = [...SWAP, ...NETWORK, ...MOUNTS]
    .map((line) => `( ${line} ) > /tmp/setting 2>&1 || cat /tmp/setting`)
    .join('\n')
  spawnSync('/bin/sh', ['-c', `${script}\nrm /tmp/setting`], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}
