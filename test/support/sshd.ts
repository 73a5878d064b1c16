// OpenSSH's own server on this machine's loopback, as a child of the test, with a configuration, keys and folder of its
// own. Run by root it gives up its rights first: its users are `nobody`, else whoever runs the test.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fetchSshd } from '../../scripts/fetch_sshd.ts'
import { makeKeyPair } from '../../src/host/target/ssh/ssh_key.ts'

const NOBODY = 65_534

/** A server that runs until it is disposed of. */
export interface TestSshd extends AsyncDisposable {
  readonly port: number
  readonly user: string
  /** `ssh-ed25519 AAAA…` of the server. */
  readonly hostKey: string
  /** Private key that it lets in; mode 0600. */
  readonly keyFile: string
  /** Folder that its user may write to. */
  readonly folder: string
  /** What it has logged. */
  log(): string
}

/** What may be different. */
export interface TestSshdOptions {
  /** More lines for sshd_config. */
  readonly config?: readonly string[]
  /** Where its folder is made; the system's for temporary files by default. */
  readonly parent?: string
}

/** Start a server. @throws {Error} with its log if it does not come up */
export async function startSshd({
  config = [],
  parent = os.tmpdir(),
}: TestSshdOptions = {}): Promise<TestSshd> {
  const root = path.join(fetchSshd(), 'root')
  const base = mkdtempSync(path.join(parent, 'kbox-sshd-'))
  const at = (name: string): string => path.join(base, name)
  chmodSync(base, 0o755)
  // Its user may not read the cache folder.
  mkdirSync(at('lib'))
  for (const file of globSync(`${root}/{lib,usr/lib}/*-linux-*/*.so*`))
    copyFileSync(file, at(`lib/${path.basename(file)}`))
  copyFileSync(path.join(root, 'usr/sbin/sshd'), at('sshd'))
  for (const name of ['sshd', ...globSync('lib/ld-linux*', { cwd: base })])
    chmodSync(at(name), 0o755)

  const hostKey = makeKeyPair('')
  const userKey = makeKeyPair('')
  writeFileSync(at('host_key'), hostKey.privateText, { mode: 0o600 })
  writeFileSync(at('user_key'), userKey.privateText, { mode: 0o600 })
  writeFileSync(at('authorized_keys'), `${userKey.publicText}\n`)
  mkdirSync(at('crash'))
  const port = await findFreePort()
  writeFileSync(at('sshd_config'), [...baseConfig(base, port), ...config, ''].join('\n'))
  const isRoot = process.getuid?.() === 0
  if (isRoot) for (const name of ['host_key', 'crash']) chownSync(at(name), NOBODY, NOBODY)

  const [loader = ''] = globSync(at('lib/ld-linux*'))
  const child = spawn(
    loader,
    ['--library-path', at('lib'), at('sshd'), '-D', '-e', '-r', '-f', at('sshd_config')],
    {
      cwd: base,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
    },
  )
  let log = ''
  child.stderr.on('data', (text: Buffer) => (log += text.toString()))
  await awaitListening(child, () => log)
  return {
    port,
    user: isRoot ? 'nobody' : os.userInfo().username,
    hostKey: hostKey.publicText,
    keyFile: at('user_key'),
    folder: at('crash'),
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      rmSync(base, { recursive: true, force: true })
    },
  }
}

function baseConfig(base: string, port: number): string[] {
  return [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${base}/host_key`,
    `AuthorizedKeysFile ${base}/authorized_keys`,
    'PidFile none',
    'UsePAM yes',
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UseDNS no',
    'LogLevel VERBOSE',
    'Subsystem sftp internal-sftp',
  ]
}

async function findFreePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

function awaitListening(child: ChildProcess, log: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', () => {
      if (log().includes('Server listening')) resolve()
    })
    child.once('exit', () => reject(new Error(`sshd ended: ${log()}`)))
  })
}
