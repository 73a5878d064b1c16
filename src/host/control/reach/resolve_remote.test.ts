// ssh and http targets on a tree of facts: keys, known hosts, ssh's configuration, tokens and certificates.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import ssh2 from 'ssh2'
import { KdumpError } from '../../../core/base/errors.ts'
import { makeKeyPair } from '../../target/ssh/ssh_key.ts'
import { DEFAULT_CONF, type KdumpConf } from '../config/kdump_conf_model.ts'
import { resolveHttp } from './resolve_http.ts'
import { resolveSsh } from './resolve_ssh.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-resolve-'))
after(() => fs.rmSync(folder, { recursive: true }))

let count = 0

/** A root with these files, mode 0600 if not said otherwise. */
function tree(files: Readonly<Record<string, string>>, modes: Record<string, number> = {}): string {
  const root = path.join(folder, String(count++))
  fs.mkdirSync(root)
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, text)
    fs.chmodSync(file, modes[name] ?? 0o600)
  }
  return root
}

const hostKey = makeKeyPair('').publicText
const userKey = makeKeyPair('kdump@here')
const KEY = 'root/.ssh/kdump_id_rsa'
const KNOWN = 'root/.ssh/known_hosts'
const TARGET = { kind: 'ssh', user: 'kdump', host: '127.0.0.1', port: 22, line: 1 } as const
const CONF: KdumpConf = { ...DEFAULT_CONF, path: '/srv/crash' }

const messageOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof KdumpError, String(error))
  return error.message
}

test('an ssh target is all that is needed to log in', async () => {
  const root = tree({ [KEY]: userKey.privateText, [KNOWN]: `127.0.0.1 ${hostKey}\n` })
  const { place, files } = await resolveSsh(TARGET, CONF, root)
  assert.deepEqual(place, {
    ...{ kind: 'ssh', user: 'kdump', host: '127.0.0.1', port: 22, addresses: ['127.0.0.1'] },
    ...{ keyFile: '/root/.ssh/kdump_id_rsa', hostKeys: [hostKey.split(' ')[1]] },
    ...{ directory: '/srv/crash', isFlattened: false },
  })
  assert.deepEqual(files, [
    { path: 'root/.ssh/kdump_id_rsa', source: path.join(root, KEY), mode: 0o600 },
  ])
})

test("-F asks for vmcore.flat; an alias of ssh's gives name, port and key", async () => {
  const root = tree({
    [KEY]: userKey.privateText,
    'root/.ssh/config': 'Host dumps\nHostName 127.0.0.1\nPort 2222\nHostKeyAlias the-dumps\n',
    'etc/ssh/ssh_known_hosts': `[the-dumps]:2222 ${hostKey}\n`,
  })
  const conf = { ...CONF, coreCollector: { ...CONF.coreCollector, isFlattened: true } }
  const { place } = await resolveSsh({ ...TARGET, host: 'dumps' }, conf, root)
  assert.ok(place.kind === 'ssh')
  assert.deepEqual(
    [place.host, place.port, place.addresses, place.isFlattened],
    ['dumps', 2222, ['127.0.0.1'], true],
  )
})

test('a link to the key is followed inside the tree', async () => {
  const root = tree({ 'etc/keys/real': userKey.privateText, [KNOWN]: `127.0.0.1 ${hostKey}\n` })
  fs.symlinkSync('../../etc/keys/real', path.join(root, KEY))
  const { place, files } = await resolveSsh(TARGET, CONF, root)
  assert.ok(place.kind === 'ssh')
  assert.equal(place.keyFile, '/etc/keys/real')
  assert.equal(files[0]?.path, 'etc/keys/real')
})

test('what is wrong with a key is said, and what to do', async () => {
  const known = { [KNOWN]: `127.0.0.1 ${hostKey}\n` }
  const locked = ssh2.utils.generateKeyPairSync('ed25519', {
    cipher: 'aes256-ctr',
    passphrase: 'secret',
    rounds: 1,
  })
  const cases = [
    [tree(known), /sshkey \/root\/\.ssh\/kdump_id_rsa: there is no such key: run 'kbox propagate'/],
    [tree({ ...known, [KEY]: userKey.privateText }, { [KEY]: 0o640 }), /mode 640.*chmod 600/],
    [tree({ ...known, [KEY]: locked.private }), /locked by a passphrase.*ssh-keygen -p/],
    [tree({ ...known, [KEY]: 'no key at all' }), /no private key that we read/],
    [tree({ ...known, [KEY]: userKey.publicText }), /a public key, not a private one/],
  ] as const
  for (const [root, expected] of cases)
    assert.match(await messageOf(resolveSsh(TARGET, CONF, root)), expected)
})

test('a server whose key is not known is refused, with the name that was looked for', async () => {
  const unknown = tree({ [KEY]: userKey.privateText, [KNOWN]: `other ${hostKey}\n` })
  assert.match(
    await messageOf(resolveSsh({ ...TARGET, port: 2222 }, CONF, unknown)),
    /no host key of \[127\.0\.0\.1\]:2222 is known .*known_hosts.*: run 'kbox propagate'/,
  )
  const certified = tree({
    [KEY]: userKey.privateText,
    [KNOWN]: `\n@cert-authority 127.* ${hostKey}\n`,
  })
  assert.match(
    await messageOf(resolveSsh(TARGET, CONF, certified)),
    /only certificates are trusted for 127\.0\.0\.1 \(@cert-authority, line 2\)/,
  )
})

test('a server behind a proxy cannot be reached by a capture kernel', async () => {
  const root = tree({ [KEY]: userKey.privateText, 'root/.ssh/config': 'ProxyJump gate\n' })
  assert.match(await messageOf(resolveSsh(TARGET, CONF, root)), /not supported: .*through gate/)
})

const HTTP = { kind: 'http', tokenFile: '', line: 1 } as const

test('an http target brings its token, and over TLS what this machine trusts', async () => {
  const root = tree({ 'etc/kbox/token': 'abc.DEF-1=\n', 'etc/pki/tls/certs/ca-bundle.crt': 'PEM' })
  const url = 'https://[::1]:8443/dumps'
  const { place, files } = await resolveHttp({ ...HTTP, url, tokenFile: '/etc/kbox/token' }, root)
  assert.deepEqual(place, {
    ...{ kind: 'http', url, addresses: ['::1'], tokenFile: '/etc/kbox/token' },
    ...{ caFile: '/etc/pki/tls/certs/ca-bundle.crt', takesRanges: true },
  })
  assert.deepEqual(
    files.map(({ path: name, mode }) => [name, mode]),
    [
      ['etc/kbox/token', 0o600],
      ['etc/pki/tls/certs/ca-bundle.crt', 0o600],
    ],
  )
  const plain = await resolveHttp({ ...HTTP, url: 'http://127.0.0.1/x' }, root)
  assert.deepEqual(plain.files, [])
})

test('a token that cannot be used is refused without being shown', async () => {
  const target = { ...HTTP, url: 'http://127.0.0.1/', tokenFile: '/etc/token' }
  assert.match(await messageOf(resolveHttp(target, tree({}))), /no such file/)
  const open = tree({ 'etc/token': 'abc' }, { 'etc/token': 0o644 })
  assert.match(await messageOf(resolveHttp(target, open)), /everyone may read it.*chmod 600/)
  const message = await messageOf(resolveHttp(target, tree({ 'etc/token': 'two secrets' })))
  assert.match(message, /not one word/)
  assert.doesNotMatch(message, /secret/)
})
