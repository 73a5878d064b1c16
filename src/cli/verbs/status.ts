// kbox status, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { JSON_OPTION, ROOT_OPTION } from './shared.ts'

/** `kbox status`. */
export const status: Verb = {
  name: 'status',
  summary: 'say whether the machine is armed',
  synopsis: '[--json] [--root DIR]',
  description: "kdumpctl's words and exit codes, on stderr as kdumpctl prints them.",
  options: [JSON_OPTION, ROOT_OPTION],
  examples: [{ command: 'kbox status', text: 'kdump: Kdump is operational' }],
  exitCodes: [
    [0, 'armed'],
    [3, 'not armed'],
  ],
  load: async () => (await import('../status.ts')).statusMain,
}
