// From a server's addresses to a session that takes files: TCP, host key, login, SFTP, each within its time.
// ssh2 is loaded here and nowhere else, and only when an SSH server is asked for.
import type {
  AnyAuthMethod,
  Client,
  ClientErrorExtensions,
  ConnectConfig,
  ServerHostKeyAlgorithm,
} from 'ssh2'
import { HostError } from '../../../core/base/errors.ts'
import { errnoOf } from '../../platform/file_error.ts'
import { answerWithin } from '../patience.ts'
import { formatFingerprint, readKeyType, signaturesOf } from './ssh_key.ts'
import { SshSession } from './ssh_session.ts'
import { connectTcp } from '../tcp.ts'

/** Who logs in where, and how both prove who they are. */
export interface SshLogin {
  readonly user: string
  /** For messages. */
  readonly host: string
  readonly port: number
  readonly addresses: readonly string[]
  /** Public keys the server may show; undefined to ask `onHostKey`. */
  readonly hostKeys: readonly Uint8Array[] | undefined
  /** Decide about a key when none is known. */
  readonly onHostKey?: (blob: Uint8Array) => Promise<boolean>
  /** Ways to log in, in order, as ssh2 has them. */
  readonly proofs: readonly SshProof[]
}

/** One way to log in. */
export type SshProof =
  | { readonly type: 'publickey'; readonly key: Uint8Array; readonly file: string }
  | { readonly type: 'agent'; readonly socket: string }
  | { readonly type: 'password'; readonly password: string }

const KEEPALIVE_MS = 10_000
const KEEPALIVE_COUNT_MAX = 3

/**
 * Connect and log in.
 *
 * @throws {HostError} with a connection's errno (see patience.ts), or without one where trying again will not help
 */
export async function loginSsh(login: SshLogin, timeoutMs: number): Promise<SshSession> {
  const { default: ssh2 } = await import('ssh2')
  const name = formatLogin(login)
  const endMs = performance.now() + timeoutMs
  const socket = await connectTcp(login.addresses, login.port, timeoutMs).catch(
    (cause: unknown) => {
      throw new HostError(`${name}: ${messageOf(cause)}`, connectionErrno(cause), { cause })
    },
  )
  const client = new ssh2.Client()
  // After the login errors end the session, which hears 'close'; without a listener they would end the process.
  client.on('error', () => {})
  let shown: Uint8Array | undefined
  const config: ConnectConfig = {
    sock: socket,
    username: login.user,
    readyTimeout: 0,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVE_COUNT_MAX,
    algorithms: hostKeyAlgorithms(login.hostKeys),
    hostVerifier: (key: Buffer, verify: (isGood: boolean) => void) => {
      shown = key
      void isTrusted(key, login).then(verify, () => verify(false))
    },
    authHandler: authMethods(login.user, login.proofs),
  }
  try {
    const ready = awaitReady(client, () => client.connect(config))
    await answerWithin(endMs - performance.now(), `${name}: login`, ready)
    const session = new SshSession(name, client, socket)
    await session.openSftp(endMs - performance.now())
    return session
  } catch (cause) {
    client.destroy()
    socket.destroy()
    throw explain(cause, login, shown)
  }
}

/** `ssh user@host` with the port where it is not 22. */
export function formatLogin({ user, host, port }: SshLogin): string {
  return `ssh ${user}@${host}${port === 22 ? '' : ` port ${port}`}`
}

function awaitReady(client: Client, connect: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('ready', resolve)
    client.once('error', reject)
    client.once('close', () => reject(lost('the server hung up')))
    connect()
  })
}

const lost = (what: string): HostError => new HostError(what, 'ECONNRESET')

async function isTrusted(key: Uint8Array, { hostKeys, onHostKey }: SshLogin): Promise<boolean> {
  if (hostKeys) return hostKeys.some((known) => Buffer.compare(known, key) === 0)
  return (await onHostKey?.(key)) ?? false
}

/** A server with several keys shows the one that is asked for: one that we know. */
function hostKeyAlgorithms(
  hostKeys: readonly Uint8Array[] | undefined,
): NonNullable<ConnectConfig['algorithms']> {
  if (!hostKeys) return {}
  const types = [...new Set(hostKeys.flatMap((key) => signaturesOf(readKeyType(key))))]
  return { serverHostKey: types as ServerHostKeyAlgorithm[] }
}

function authMethods(username: string, proofs: readonly SshProof[]): AnyAuthMethod[] {
  return proofs.flatMap((proof): AnyAuthMethod[] => {
    switch (proof.type) {
      case 'publickey':
        return [{ type: 'publickey', username, key: Buffer.from(proof.key) }]
      case 'agent':
        return [{ type: 'agent', username, agent: proof.socket }]
      case 'password':
        // Servers that ask through PAM know passwords under the second name only.
        return [
          { type: 'password', username, password: proof.password },
          {
            type: 'keyboard-interactive',
            username,
            prompt: (_name, _instructions, _language, prompts, finish) =>
              finish(prompts.map(() => proof.password)),
          },
        ]
    }
  })
}

/** Say what went wrong, and what to do about it. */
function explain(cause: unknown, login: SshLogin, shown: Uint8Array | undefined): HostError {
  const name = formatLogin(login)
  const { level } = cause as ClientErrorExtensions
  const message = messageOf(cause)
  if (level === 'client-authentication' || /authentication/i.test(message)) {
    return new HostError(`${name}: the server refuses ${describeProofs(login)}`, 'EACCES', {
      cause,
    })
  }
  if (shown && /host denied|verification failed/i.test(message)) {
    const key = `${readKeyType(shown)} ${formatFingerprint(shown)}`
    if (!login.hostKeys)
      return new HostError(`${name}: the host key ${key} was not accepted`, '', { cause })
    const what = `the server shows the host key ${key}, which is none of those known of it`
    const remedy = `if it was reinstalled, correct /root/.ssh/known_hosts and arm again`
    return new HostError(`${name}: ${what}: ${remedy}`, '', { cause })
  }
  if (/no matching host key|host key format/i.test(message)) {
    const what = 'the server has no host key of the kinds known of it'
    return new HostError(`${name}: ${what}: run 'kbox propagate'`, '', { cause })
  }
  if (/handshake failed|no matching/i.test(message))
    return new HostError(`${name}: ${message}`, '', { cause })
  const errno = connectionErrno(cause)
  return new HostError(message.startsWith(name) ? message : `${name}: ${message}`, errno, { cause })
}

function describeProofs({ proofs, user }: SshLogin): string {
  const tried = proofs.map((proof) => {
    if (proof.type === 'publickey') return `the key ${proof.file}`
    return proof.type === 'agent' ? 'the keys of the agent' : 'the password'
  })
  return `${tried.join(' and ')} for ${user}: is the public key in its authorized_keys ('kbox propagate' puts it there)?`
}

/** ssh2 wraps errors of the socket; what it says itself of a connection has no errno. */
function connectionErrno(error: unknown): string {
  if (error instanceof HostError) return error.errno
  const code = errnoOf(error)
  return code === '' ? 'ECONNRESET' : code
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
