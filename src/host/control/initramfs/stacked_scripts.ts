// The few lines of shell between an initramfs of the distribution's and the recorder in /kbox. They use nothing but the
// busybox of /kbox, so that they run however the rest of the image looks, and every wait in them ends.
import type { StorageDevice } from './build_image.ts'

/** Paths in the image, without a leading slash. */
export const BASE_SCRIPTS = {
  folder: 'kbox',
  /** PID 1's first program, which the command line names: `rdinit=/kbox/boot`. */
  boot: 'kbox/boot',
  /** Runs the recorder; does not return. */
  enter: 'kbox/enter',
  /** Succeeds when all devices are there. */
  ready: 'kbox/ready',
} as const

const BUSYBOX = '/kbox/bin/busybox'

/** Leave a guard behind, then go on with the /init that the others made. @param seconds after which the guard acts */
export const bootScript = (seconds: number): string => `#!${BUSYBOX} sh
# kbox: the first program of the capture kernel.
(
  ${BUSYBOX} sleep ${seconds}
  [ -d /kbox/entered ] && exit
  echo "kbox: the devices are not set up after ${seconds} s: recording without them"
  exec /${BASE_SCRIPTS.enter}
) &
[ -x /init ] && exec /init "$@"
echo "kbox: the image has no /init of its own: recording without it"
exec /${BASE_SCRIPTS.enter}
`

/** Whoever comes first runs the recorder, the others wait for the end of the machine. */
export const ENTER_SCRIPT = `#!${BUSYBOX} sh
# kbox: from the image's own root into the recorder's.
if ${BUSYBOX} mkdir /kbox/entered 2>/dev/null; then
  [ -c /dev/console ] && exec < /dev/console > /dev/console 2>&1
  echo "kbox: recording from the folder /kbox of this image"
  ${BUSYBOX} env -i TERM=linux PATH=/bin ${BUSYBOX} chroot /kbox /init
  echo "kbox: the recorder could not be run: rebooting"
  ${BUSYBOX} sync
  ${BUSYBOX} reboot -f
fi
while :; do ${BUSYBOX} sleep 3600; done
`

/** Look for the devices: by the UUID of the file system, as the recorder will, else by the node. */
export function readyScript(devices: readonly StorageDevice[]): string {
  const tests = devices.map(({ node, uuid }) =>
    uuid === ''
      ? `[ -b ${quote(node)} ] || exit 1\n`
      : `${BUSYBOX} findfs ${quote(`UUID=${uuid}`)} > /dev/null 2>&1 || exit 1\n`,
  )
  return `#!${BUSYBOX} sh\n# kbox: are the devices there?\n${tests.join('')}exit 0\n`
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
