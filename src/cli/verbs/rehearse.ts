// kbox rehearse, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { IDENTITY_OPTION, JSON_OPTION } from './shared.ts'

/** `kbox rehearse`. */
export const rehearse: Verb = {
  name: 'rehearse',
  summary: 'crash a virtual copy: the whole road in QEMU, on your kernel and configuration',
  synopsis: '[OPTIONS]',
  description:
    'Boots the kernel in QEMU, arms it, crashes it, lets it record the dump on a scratch disk, and opens the\n' +
    'dump. Nothing real is touched: a file system named in kdump.conf is played by a scratch one with the same\n' +
    'type, UUID and label. Without a kdump.conf a default is rehearsed. KVM is used where a trial guest runs.',
  options: [
    { flags: '--kernel FILE', text: 'the kernel (default: the running one)' },
    { flags: '--modules DIR', text: 'its modules (default: /lib/modules/VERSION)' },
    { flags: '--config FILE', text: 'kdump.conf to rehearse (default: /etc/kdump.conf)' },
    { flags: '--memory SIZE', text: 'memory of the virtual machine (default: 512M)' },
    { flags: '--cpus N', text: 'its CPUs (default: 2)' },
    { flags: '--crashkernel SIZE', text: 'the reservation to try (default: 192M)' },
    { flags: '--scenario NAME', text: 'how it dies: sysrq (default)' },
    { flags: '--runtime FILE', text: 'squashed Node runtime (default: where kbox is installed)' },
    { flags: '--keep DIR', text: "keep the dump, the console and the guest's own /proc in DIR" },
    { flags: '--timeout S', text: 'give up after S seconds (default: 900)' },
    IDENTITY_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'kbox rehearse', text: 'does kdump work here?' },
    {
      command: 'kbox rehearse --kernel /boot/vmlinuz-6.1.0-56-cloud-amd64 --crashkernel 160M',
      text: 'is 160M enough?',
    },
  ],
  exitCodes: [
    [0, 'every step succeeded'],
    [1, 'a step failed; it is named'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../rehearse.ts')).rehearseMain,
}
