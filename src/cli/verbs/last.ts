// kbox last, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { JSON_OPTION, ROOT_OPTION } from './shared.ts'

/** `kbox last`. */
export const last: Verb = {
  name: 'last',
  summary: 'tell what became of the last crash: saved or not, which step failed and why',
  synopsis: '[--json] [--root DIR] [--config FILE]',
  description:
    'Read from the breadcrumbs that the capture kernel leaves on this machine, from what kbox collect noted, and from the kbox.json beside the newest dump. A crash that left no trace at all is told too: the machine was armed, and nobody disarmed it.',
  options: [
    JSON_OPTION,
    ROOT_OPTION,
    { flags: '--config FILE', text: "read FILE instead of the machine's configuration" },
  ],
  examples: [{ command: 'kbox last', text: 'after a reboot that nobody asked for' }],
  exitCodes: [
    [0, 'the dump of the last crash is whole'],
    [1, 'it is not; the output says which step failed and why'],
    [2, 'usage error'],
    [3, 'no crash is known'],
  ],
  load: async () => (await import('../last.ts')).lastMain,
}
