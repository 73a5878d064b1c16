// kdumpctl's propagate: afterwards the capture kernel can log in. A key of this machine, the server's key known, our public
// key in its authorized_keys, and a login that proves it. Source: kdumpctl propagate_ssh_key(), ssh-copy-id(1).
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { HostError, KdumpError } from '../../../core/base/errors.ts'
import {
  formatFingerprint,
  makeKeyPair,
  readKeyType,
  readPrivateKey,
} from '../../target/ssh/ssh_key.ts'
import { loginSsh, type SshLogin, type SshProof } from '../../target/ssh/ssh_login.ts'
import type { SshSession } from '../../target/ssh/ssh_session.ts'
import type { ConfTarget } from '../config/kdump_conf_model.ts'
import { formatKnownHost } from './known_hosts.ts'
import { resolveHost } from './resolve_host.ts'
import { findDestination, KNOWN_HOSTS, readKnownKeys, type SshDestination } from './resolve_ssh.ts'

/** Whoever sits at the terminal. */
export interface PropagateHost {
  say(text: string): void
  /** Ask for a line; undefined if nobody is there. */
  ask(question: string): Promise<string | undefined>
  /** Ask for a line without showing it; undefined if nobody is there. */
  askSecret(question: string): Promise<string | undefined>
}

/** How to go about it. */
export interface PropagateOptions {
  /** Where /root and /etc are found. */
  readonly root: string
  /** `ask`, `yes`, or the only fingerprint that is good. */
  readonly acceptHostKey: string
  /** Let the key do nothing but SFTP on the server. */
  readonly isSftpOnly: boolean
  /** Socket of an agent whose keys may be tried, '' for none. */
  readonly agentSocket: string
}

const TIMEOUT_MS = 60_000
const AUTHORIZED_KEYS = '.ssh/authorized_keys'
const AUTHORIZED_KEYS_MAX = 2 ** 20
const SFTP_ONLY = 'restrict,command="internal-sftp" '
const PASSWORD_TRIES = 3

/**
 * Make an SSH target ready.
 *
 * @param sshKey path of the private key, which is made if it is not there
 * @throws {KdumpError} saying what is in the way
 */
export async function propagate(
  target: Extract<ConfTarget, { kind: 'ssh' }>,
  sshKey: string,
  options: PropagateOptions,
  host: PropagateHost,
): Promise<void> {
  const destination = findDestination(target, options.root)
  const key = await prepareKey(sshKey, options, host)
  const known = readKnownKeys(destination, options.root)
  const login: SshLogin = {
    user: destination.user,
    host: destination.host,
    port: destination.port,
    addresses: await resolveHost(destination.hostName),
    hostKeys:
      known.keys.length > 0 ? known.keys.map((text) => Buffer.from(text, 'base64')) : undefined,
    onHostKey: (blob) => acceptHostKey(blob, destination, options, host),
    proofs: [key.proof],
  }
  const isThere = await tryLogin(login)
  // What was accepted a moment ago is in known_hosts now, and is all that is accepted from here on.
  const { keys } = readKnownKeys(destination, options.root)
  const pinned = { ...login, hostKeys: keys.map((text) => Buffer.from(text, 'base64')) }
  if (!isThere) await install(pinned, key.publicLine, options, host)
  const session = await loginSsh(pinned, TIMEOUT_MS)
  session.close()
  const { user } = destination
  host.say(`${sshKey} has been added to ~${user}/.ssh/authorized_keys on ${destination.host}`)
}

interface PropagatedKey {
  readonly proof: SshProof
  readonly publicLine: string
}

async function prepareKey(
  file: string,
  { root }: PropagateOptions,
  host: PropagateHost,
): Promise<PropagatedKey> {
  const inRoot = path.join(root, file)
  if (existsSync(inRoot)) {
    host.say('Using existing keys...')
  } else {
    host.say('Generating new ssh keys... ')
    const { privateText, publicText } = makeKeyPair(`kdump@${os.hostname()}`)
    makeSshFolder(path.dirname(inRoot))
    writeFileSync(inRoot, privateText, { mode: 0o600, flag: 'wx' })
    writeFileSync(`${inRoot}.pub`, `${publicText}\n`, { mode: 0o644 })
    host.say('done.')
  }
  const content = readFileSync(inRoot)
  const { type, publicBlob } = await readPrivateKey(file, content)
  const text = Buffer.from(publicBlob).toString('base64')
  return {
    proof: { type: 'publickey', key: content, file },
    publicLine: `${type} ${text} kdump@${os.hostname()}`,
  }
}

function makeSshFolder(folder: string): void {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
}

/** Ask once, as ssh does; what is accepted is written down. */
async function acceptHostKey(
  blob: Uint8Array,
  { keyName, port }: SshDestination,
  { acceptHostKey: accepted, root }: PropagateOptions,
  host: PropagateHost,
): Promise<boolean> {
  const fingerprint = formatFingerprint(blob)
  const name = port === 22 ? keyName : `[${keyName}]:${port}`
  host.say(`${name} shows the host key ${readKeyType(blob)} ${fingerprint}, which is not known yet`)
  if (accepted === 'ask') {
    const question = 'Is it the right one (yes/no, or its fingerprint)? '
    const answer = (await host.ask(question))?.trim() ?? ''
    if (answer !== 'yes' && answer !== fingerprint) return false
  } else if (accepted !== 'yes' && accepted !== fingerprint) {
    return false
  }
  const [knownHosts = ''] = KNOWN_HOSTS
  const file = path.join(root, knownHosts)
  makeSshFolder(path.dirname(file))
  const before = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const start = before === '' || before.endsWith('\n') ? '' : '\n'
  const line = formatKnownHost(keyName, port, Buffer.from(blob).toString('base64'))
  appendFileSync(file, `${start}${line}\n`, { mode: 0o600 })
  host.say(`${fingerprint} is in ${knownHosts} now`)
  return true
}

/** @returns false if the server does not know the key; what else is wrong is thrown */
async function tryLogin(login: SshLogin): Promise<boolean> {
  try {
    const session = await loginSsh(login, TIMEOUT_MS)
    session.close()
    return true
  } catch (error) {
    if (error instanceof HostError && error.errno === 'EACCES') return false
    throw error
  }
}

async function install(
  login: SshLogin,
  publicLine: string,
  options: PropagateOptions,
  host: PropagateHost,
): Promise<void> {
  const session = await loginOtherwise(login, options, host)
  try {
    await addKey(session, `${options.isSftpOnly ? SFTP_ONLY : ''}${publicLine}\n`, publicLine)
  } finally {
    session.close()
  }
}

/** Log in with whatever opens the door: an agent, root's other keys, at last a password. */
async function loginOtherwise(
  login: SshLogin,
  options: PropagateOptions,
  host: PropagateHost,
): Promise<SshSession> {
  const proofs = await otherProofs(options)
  if (proofs.length > 0) {
    try {
      return await loginSsh({ ...login, proofs }, TIMEOUT_MS)
    } catch (error) {
      if (!(error instanceof HostError) || error.errno !== 'EACCES') throw error
    }
  }
  for (let tries = 1; ; tries++) {
    const password = await host.askSecret(`${login.user}@${login.host}'s password: `)
    if (password === undefined) {
      throw new HostError(
        `${login.user}@${login.host} does not know the key yet, and there is nobody to ask for a password: run it at a terminal`,
        'EACCES',
      )
    }
    try {
      return await loginSsh({ ...login, proofs: [{ type: 'password', password }] }, TIMEOUT_MS)
    } catch (error) {
      const isRefused = error instanceof HostError && error.errno === 'EACCES'
      if (!isRefused || tries >= PASSWORD_TRIES) throw error
      host.say('Permission denied, please try again.')
    }
  }
}

async function otherProofs({ root, agentSocket }: PropagateOptions): Promise<SshProof[]> {
  const proofs: SshProof[] = agentSocket === '' ? [] : [{ type: 'agent', socket: agentSocket }]
  const folder = path.join(root, '/root/.ssh')
  const names = existsSync(folder) ? readdirSync(folder) : []
  for (const name of names.filter((name) => /^id_\w+$/.test(name)).sort()) {
    const key = readFileSync(path.join(folder, name))
    try {
      await readPrivateKey(name, key)
      proofs.push({ type: 'publickey', key, file: `/root/.ssh/${name}` })
    } catch (error) {
      // One that is locked opens nothing here.
      if (!(error instanceof KdumpError)) throw error
    }
  }
  return proofs
}

/** What ssh-copy-id does, but by SFTP: the account need not have a shell. Paths are below its home. */
async function addKey(session: SshSession, line: string, publicLine: string): Promise<void> {
  if (!(await session.stat('.ssh', TIMEOUT_MS)))
    await session.makeDirectory('.ssh', 0o700, TIMEOUT_MS)
  const before = await session.readFile(AUTHORIZED_KEYS, AUTHORIZED_KEYS_MAX, TIMEOUT_MS)
  const text = before?.toString('latin1') ?? ''
  const [type = '', key = ''] = publicLine.split(' ')
  // It may be there with restrictions that do not let us in; a second line would not help.
  if (text.includes(`${type} ${key}`)) {
    throw new HostError(
      `${session.name}: the key is in ${AUTHORIZED_KEYS} already, but the server does not accept it: see its log`,
      'EACCES',
    )
  }
  const start = text === '' || text.endsWith('\n') ? '' : '\n'
  await session.appendFile(AUTHORIZED_KEYS, Buffer.from(`${start}${line}`), TIMEOUT_MS)
}
