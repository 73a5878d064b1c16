// kbox reset-crashkernel, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { JSON_OPTION, ROOT_OPTION } from './shared.ts'

/** `kbox reset-crashkernel`. */
export const resetCrashkernel: Verb = {
  name: 'reset-crashkernel',
  summary: "write the distribution's crashkernel= into the boot loader's configuration",
  synopsis: '[OPTIONS]',
  description:
    "Does kdumpctl's job for every boot loader: grubby, /etc/default/grub with update-grub or grub2-mkconfig, loader\n" +
    'entries of GRUB and systemd-boot, rpm-ostree, zipl. --dry-run shows the differences and the commands. Files are\n' +
    'replaced atomically; what they were stays beside them (.kbox-backup); if a command fails they are put back.',
  options: [
    {
      flags: '--kernel=WHICH',
      text: 'ALL, DEFAULT or the path of a kernel (default: the running kernel)',
    },
    {
      flags: '--value VALUE',
      text: "write this instead of the default; repeat it for ',high' with ',low'",
    },
    { flags: '--fadump=MODE', text: 'on, off or nocma (ppc64le only)' },
    { flags: '--if-default', text: 'leave alone what is no known default: somebody chose it' },
    {
      flags: '--installed RELEASE',
      text: "for kernel-install's hook: this kernel was just installed",
    },
    { flags: '--dry-run', text: 'change nothing' },
    JSON_OPTION,
    ROOT_OPTION,
  ],
  examples: [
    {
      command: 'kbox reset-crashkernel --kernel=ALL',
      text: 'what grubby --update-kernel=ALL --args="crashkernel=auto" meant',
    },
    {
      command: 'kbox reset-crashkernel --kernel=ALL --value 256M --dry-run',
      text: 'see what would be written',
    },
  ],
  exitCodes: [
    [0, 'written, or nothing to write'],
    [1, 'not written; stderr says why'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../reset_crashkernel.ts')).resetCrashkernelMain,
}
