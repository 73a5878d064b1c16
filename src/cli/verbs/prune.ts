// kbox prune, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { ROOT_OPTION } from './shared.ts'

/** `kbox prune`. */
export const prune: Verb = {
  name: 'prune',
  summary: 'remove the dumps that kdump.conf does not keep',
  synopsis: '[--dry-run] [--config FILE] [--root DIR]',
  description:
    'By retain_count, retain_bytes and retain_age; done by itself after each boot. The newest whole dump and what is pinned\n' +
    'stay whatever the limits. Only folders with the name and the manifest that kbox gives a dump are touched; links are not\n' +
    'followed. A clock that is behind the newest crash removes nothing for its age.',
  options: [
    { flags: '--dry-run', text: 'tell what would be removed, and why' },
    { flags: '--config FILE', text: "read FILE instead of the machine's configuration" },
    ROOT_OPTION,
  ],
  examples: [
    { command: 'kbox prune --dry-run', text: 'what would the limits of kdump.conf remove?' },
  ],
  exitCodes: [
    [0, 'done, or nothing to do'],
    [1, 'no usable configuration, or a dump could not be removed'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../prune.ts')).pruneMain,
}
