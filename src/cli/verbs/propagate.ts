// kbox propagate, as help and man page tell it.
import type { Verb } from '../verb.ts'

/** `kbox propagate`. */
export const propagate: Verb = {
  name: 'propagate',
  summary: 'let the capture kernel into the SSH servers of kdump.conf',
  synopsis: '[OPTIONS]',
  description: `For each ssh target: makes the key that 'sshkey' names if it is not there (ed25519, no passphrase), learns the
server's host key once and writes it to /root/.ssh/known_hosts, puts the public key into the account's authorized_keys (by
SFTP; logging in with an agent, root's other keys, or a password that is asked for), and proves it all by a login. The
capture kernel accepts no host key but those that are known when the machine is armed. Without a terminal answers are read
from standard input, a line each.`,
  options: [
    { flags: '--config FILE', text: 'configuration to read instead of /etc/kdump.conf' },
    {
      flags: '--accept-host-key KEY',
      text: 'what to do with a host key that is not known: ask (the default), yes, or accept only the fingerprint SHA256:…',
    },
    {
      flags: '--sftp-only',
      text: 'let the key do nothing but SFTP (restrict,command="internal-sftp"); the sum of a dump is not checked on the server then',
    },
    { flags: '--root DIR', text: 'look for keys and known hosts below DIR' },
  ],
  examples: [
    { command: 'kbox propagate', text: 'ask for what is not known' },
    {
      command: 'kbox propagate --accept-host-key SHA256:AbC… < password',
      text: 'in a script, the host key known beforehand',
    },
  ],
  exitCodes: [
    [0, 'every SSH target lets this machine in'],
    [1, 'one does not, or there is none; stderr says why'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../propagate.ts')).propagateMain,
}
