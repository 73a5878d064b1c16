// kbox sign, as help and man page tell it.
import type { Verb } from '../verb.ts'

/** `kbox sign`. */
export const sign: Verb = {
  name: 'sign',
  summary: "sign a dump's manifest with an SSH key",
  synopsis: '--key FILE DIR...',
  description:
    'Writes kbox.json.sig beside kbox.json, after checking the folder against it: what is changed is not signed. The\n' +
    'signature is what ssh-keygen -Y sign makes, so that OpenSSH checks it without kbox. With sign_key in kdump.conf the\n' +
    'machine does so by itself after a crash; its own host key is a good one, since others have it in their known_hosts.',
  options: [
    { flags: '--key FILE', text: 'private ed25519 key in OpenSSH format, without passphrase' },
  ],
  examples: [
    {
      command:
        'kbox sign --key /etc/ssh/ssh_host_ed25519_key /var/crash/127.0.0.1-2026-11-22-10:00:00',
      text: 'as this machine',
    },
    {
      command:
        'ssh-keygen -Y verify -f signers -I NAME -n kbox-manifest -s kbox.json.sig <kbox.json',
      text: 'check it with OpenSSH alone',
    },
  ],
  exitCodes: [
    [0, 'signed'],
    [1, 'a folder is not as its manifest says, or the key cannot be used'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../sign.ts')).signMain,
}
