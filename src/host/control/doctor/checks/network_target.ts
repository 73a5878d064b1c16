// What a target behind a network needs: a route, a key of ours, the server's host key.
import { findDestination, KNOWN_HOSTS, readKnownKeys } from '../../reach/resolve_ssh.ts'
import type { ConfTarget } from '../../config/kdump_conf_model.ts'
import type { Check, Finding, Patient } from '../check.ts'

type SshTarget = Extract<ConfTarget, { kind: 'ssh' }>

/** Targets behind a network. */
export const networkTarget: Check = {
  ids: ['no-route', 'ssh-key', 'ssh-host-key'],
  summary: 'check route and keys of targets behind a network',
  *examine(patient) {
    const targets = patient.conf?.targets ?? []
    if (targets.some(({ kind }) => kind === 'nfs' || kind === 'ssh' || kind === 'http'))
      yield* route(patient)
    for (const place of targets) {
      if (place.kind !== 'ssh') continue
      yield* key(patient)
      yield* hostKey(patient, place)
    }
  },
}

function* route({ facts }: Patient): Generator<Finding> {
  const ipv4 = (facts.text('proc/net/route') ?? '').split('\n').slice(1).filter(Boolean)
  const ipv6 = (facts.text('proc/net/ipv6_route') ?? '')
    .split('\n')
    .filter(
      (line) =>
        line !== '' &&
        !line.endsWith(' lo') &&
        !line.startsWith('fe80') &&
        !line.startsWith('ff00'),
    )
  if (ipv4.length > 0 || ipv6.length > 0) return
  yield {
    id: 'no-route',
    severity: 'error',
    title: 'the target lies behind a network, and this machine has no route',
    evidence: ['/proc/net/route and /proc/net/ipv6_route have none'],
    fix: 'bring the network up before kdump.service (After=network-online.target)',
  }
}

function* key({ facts, conf }: Patient): Generator<Finding> {
  const file = conf?.sshKey ?? ''
  const mode = facts.mode(file)
  if (mode !== undefined && (mode & 0o077) === 0) return
  yield {
    id: 'ssh-key',
    severity: 'error',
    title:
      mode === undefined
        ? 'the key for the ssh target is missing'
        : 'the key for the ssh target can be read by others',
    evidence: [
      mode === undefined ? `${file} is not there` : `${file} has mode ${mode.toString(8)}`,
    ],
    fix:
      mode === undefined
        ? "run 'kbox propagate', which makes one and brings it to the server"
        : `chmod 600 ${file}`,
  }
}

function* hostKey({ facts }: Patient, place: SshTarget): Generator<Finding> {
  const destination = findDestination(place, facts.root)
  if (readKnownKeys(destination, facts.root).keys.length > 0) return
  const { keyName } = destination
  yield {
    id: 'ssh-host-key',
    severity: 'error',
    title: `no host key of ${keyName} is known, and the capture kernel trusts no stranger`,
    evidence: [`looked in ${KNOWN_HOSTS.join(', ')}`],
    fix: "run 'kbox propagate', which shows the key's fingerprint and asks",
  }
}
