// kbox showmem, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { JSON_OPTION, ROOT_OPTION } from './shared.ts'

/** `kbox showmem`. */
export const showmem: Verb = {
  name: 'showmem',
  summary: 'say how much memory is reserved for the capture kernel',
  synopsis: '[--json] [--root DIR]',
  description: "kdumpctl's words.",
  options: [JSON_OPTION, ROOT_OPTION],
  examples: [{ command: 'kbox showmem', text: 'kdump: Reserved 192MB memory for crash kernel' }],
  exitCodes: [
    [0, 'printed'],
    [1, 'the kernel has no crash support'],
  ],
  load: async () => (await import('../showmem.ts')).showmemMain,
}
