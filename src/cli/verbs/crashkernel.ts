// kbox crashkernel, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { JSON_OPTION, ROOT_OPTION } from './shared.ts'

/** `kbox crashkernel`. */
export const crashkernel: Verb = {
  name: 'crashkernel',
  summary: 'explain crashkernel=: what a kernel would reserve, and by which rule',
  synopsis: 'explain [OPTIONS] [STRING...] | default [OPTIONS]',
  description:
    "explain reads each STRING (a value, or a whole command line) as the kernel does, ranges, ',high', ',low',\n" +
    "',cma' and mistakes included, and says what is reserved where, or which rule gave nothing, in the kernel's own\n" +
    'words. Without a STRING the command line of this machine is explained. default prints what a distribution\n' +
    "reserves on so much memory; several --distro give the union of their tables. 'auto' becomes a value.",
  options: [
    { flags: '--ram SIZE', text: "explain for so much memory (default: this machine's)" },
    { flags: '--arch NAME', text: 'for this architecture, as uname -m has it' },
    {
      flags: '--release NAME',
      text: 'for this kernel, as uname -r has it: 6.1 and 6.12 read differently',
    },
    {
      flags: '--distro NAME',
      text: 'rhel5 to rhel10, fedora, debian, ubuntu, suse ...; may be repeated',
    },
    { flags: '--fadump', text: 'default: for firmware-assisted dumps (ppc64le)' },
    JSON_OPTION,
    ROOT_OPTION,
  ],
  examples: [
    { command: 'kbox crashkernel explain', text: 'why has this machine the reservation it has?' },
    {
      command: "kbox crashkernel explain '1G-4G:192M,4G-64G:256M' --ram 12G",
      text: 'which range holds 12 GiB?',
    },
    {
      command: 'kbox crashkernel default --distro rhel9 --ram 128G',
      text: "a distribution's default",
    },
  ],
  exitCodes: [
    [0, 'explained; every STRING reserves memory'],
    [1, 'a STRING reserves nothing; its rule is named'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../crashkernel.ts')).crashkernelMain,
}
