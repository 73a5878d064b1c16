// kbox verify, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { IDENTITY_OPTION, JSON_OPTION } from './shared.ts'

/** `kbox verify`. */
export const verify: Verb = {
  name: 'verify',
  summary: 'check a saved dump against its manifest and signature, or an access log against itself',
  synopsis: '[--key FILE] [--identity FILE] [--json] DIR... | --log FILE [--head HASH] [--json]',
  description:
    'Every file that kbox.json names must be there, with its size and SHA-256; a single flipped bit is found, and the\n' +
    'file named. Files that it does not name are listed, with the reason where kbox has written them later. With --key the\n' +
    "manifest's signature must be by that key. With --identity encrypted files are read to their end as well, which\n" +
    'checks them chunk by chunk. With --log the chain of an access log is checked from its first line to its last.',
  options: [
    {
      flags: '--key FILE',
      text: 'public keys to trust: a .pub file, allowed_signers or known_hosts',
    },
    IDENTITY_OPTION,
    { flags: '--log FILE', text: 'check an access log instead of dumps' },
    {
      flags: '--head HASH',
      text: 'the log must hold the line of this hash: what an earlier check printed, kept elsewhere',
    },
    JSON_OPTION,
  ],
  examples: [
    {
      command: 'kbox verify /var/crash/127.0.0.1-2026-11-22-10:00:00',
      text: 'is the dump what the capture kernel wrote?',
    },
    {
      command: 'kbox verify --key /etc/ssh/ssh_known_hosts DIR',
      text: 'and did the machine sign it with its host key?',
    },
    { command: 'kbox verify --log /var/crash/access.log', text: 'was the log cut or changed?' },
  ],
  exitCodes: [
    [0, 'all is as it was recorded'],
    [1, 'something is changed, missing, added or not signed by a key of --key; it is named'],
    [2, 'usage error'],
    [3, 'nothing is wrong, but not all is proved: a file has no sum in the manifest'],
  ],
  load: async () => (await import('../verify.ts')).verifyMain,
}
