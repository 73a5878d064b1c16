// kbox get-default-crashkernel, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { ROOT_OPTION } from './shared.ts'

/** `kbox get-default-crashkernel`. */
export const getDefaultCrashkernel: Verb = {
  name: 'get-default-crashkernel',
  summary: "print the distribution's default of crashkernel=, as kdumpctl does",
  synopsis: '[--root DIR] [kdump|fadump]',
  description:
    'Prints the value without a newline, with what the hardware needs on top. kbox crashkernel default explains it.',
  options: [ROOT_OPTION],
  examples: [
    {
      command: 'grubby --update-kernel=ALL --args="crashkernel=$(kbox get-default-crashkernel)"',
      text: "what crashkernel=auto was on RHEL 8; 'kbox reset-crashkernel --kernel=ALL' does it for every boot loader",
    },
  ],
  exitCodes: [
    [0, 'printed'],
    [2, 'usage error, or no default for this architecture'],
  ],
  load: async () => (await import('../get_default_crashkernel.ts')).getDefaultCrashkernelMain,
}
