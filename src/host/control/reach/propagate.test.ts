// propagate on a tree of facts, against a server of ssh2's own whose account has a home.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { startSftpServer, type SftpServer } from '../../../../test/support/sftp_server.ts'
import { KdumpError } from '../../../core/base/errors.ts'
import { formatFingerprint } from '../../target/ssh/ssh_key.ts'
import { DEFAULT_CONF } from '../config/kdump_conf_model.ts'
import { propagate, type PropagateOptions } from './propagate.ts'
import { resolveSsh } from './resolve_ssh.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-propagate-'))
after(() => fs.rmSync(folder, { recursive: true }))

const KEY = '/root/.ssh/kdump_id_rsa'
const PASSWORD = 'correct horse'
let count = 0

interface Run {
  readonly root: string
  readonly said: string[]
  readonly error: string
}

async function run(
  server: SftpServer,
  answers: readonly string[],
  { root = newRoot(), ...options }: Partial<PropagateOptions> = {},
): Promise<Run> {
  const said: string[] = []
  const left = [...answers]
  const answer = async (question: string): Promise<string | undefined> => {
    said.push(question)
    return left.shift()
  }
  const whole = { root, acceptHostKey: 'ask', isSftpOnly: false, agentSocket: '', ...options }
  const host = { say: (text: string) => void said.push(text), ask: answer, askSecret: answer }
  try {
    await propagate(targetOf(server), KEY, whole, host)
    assert.deepEqual(left, [], 'answers nobody asked for')
    return { root, said, error: '' }
  } catch (error) {
    assert.ok(error instanceof KdumpError, String(error))
    return { root, said, error: error.message }
  }
}

function newRoot(): string {
  const root = path.join(folder, String(count++))
  fs.mkdirSync(root)
  return root
}

const targetOf = ({ port }: SftpServer) =>
  ({ kind: 'ssh', user: 'kdump', host: '127.0.0.1', port, line: 1 }) as const

const authorized = (server: SftpServer): string =>
  fs.readFileSync(path.join(server.folder, '.ssh/authorized_keys'), 'utf8')

test('from nothing to a target that can be armed: key, host key, password, proof', async () => {
  await using server = await startSftpServer({ password: PASSWORD })
  const { root, said, error } = await run(server, ['yes', PASSWORD])
  assert.equal(error, '', said.join('\n'))
  const fingerprint = formatFingerprint(Buffer.from(server.hostKey, 'base64'))
  assert.deepEqual(said, [
    'Generating new ssh keys... ',
    'done.',
    `[127.0.0.1]:${server.port} shows the host key ssh-ed25519 ${fingerprint}, which is not known yet`,
    'Is it the right one (yes/no, or its fingerprint)? ',
    `${fingerprint} is in /root/.ssh/known_hosts now`,
    "kdump@127.0.0.1's password: ",
    `${KEY} has been added to ~kdump/.ssh/authorized_keys on 127.0.0.1`,
  ])
  assert.equal(fs.statSync(path.join(root, KEY)).mode & 0o777, 0o600)
  assert.equal(authorized(server), fs.readFileSync(path.join(root, `${KEY}.pub`), 'utf8'))
  const { place } = await resolveSsh(targetOf(server), DEFAULT_CONF, root)
  assert.ok(place.kind === 'ssh')
  assert.deepEqual(place.hostKeys, [server.hostKey])
})

test('done twice, nothing is asked and nothing is written', async () => {
  await using server = await startSftpServer({ password: PASSWORD })
  const { root } = await run(server, ['yes', PASSWORD])
  const before = authorized(server)
  const { said, error } = await run(server, [], { root })
  assert.equal(error, '')
  assert.equal(said[0], 'Using existing keys...')
  assert.equal(said.length, 2)
  assert.equal(authorized(server), before)
})

test('the key is added behind others, restricted if that is wanted', async () => {
  await using server = await startSftpServer({ password: PASSWORD })
  fs.mkdirSync(path.join(server.folder, '.ssh'))
  fs.writeFileSync(path.join(server.folder, '.ssh/authorized_keys'), 'ssh-rsa AAAA other')
  const { error } = await run(server, [PASSWORD], { acceptHostKey: 'yes', isSftpOnly: true })
  assert.equal(error, '')
  assert.match(
    authorized(server),
    /^ssh-rsa AAAA other\nrestrict,command="internal-sftp" ssh-ed25519 \S+ kdump@\S+\n$/,
  )
})

test('a host key is accepted by its fingerprint, and by no other', async () => {
  await using server = await startSftpServer({ password: PASSWORD })
  const fingerprint = formatFingerprint(Buffer.from(server.hostKey, 'base64'))
  const good = await run(server, [PASSWORD], { acceptHostKey: fingerprint })
  assert.equal(good.error, '')
  const typed = await run(server, [fingerprint, PASSWORD])
  assert.equal(typed.error, '')
  const other = `SHA256:${'A'.repeat(43)}`
  for (const refused of [
    await run(server, [], { acceptHostKey: other }),
    await run(server, ['no']),
    await run(server, []),
  ]) {
    assert.match(refused.error, /the host key ssh-ed25519 SHA256:\S+ was not accepted/)
    assert.ok(!fs.existsSync(path.join(refused.root, 'root/.ssh/known_hosts')))
  }
})

test("another of root's keys opens the door without a password", async () => {
  await using server = await startSftpServer()
  const root = newRoot()
  fs.mkdirSync(path.join(root, 'root/.ssh'), { recursive: true })
  fs.copyFileSync(server.keyFile, path.join(root, 'root/.ssh/id_ed25519'))
  const { error } = await run(server, ['yes'], { root })
  assert.equal(error, '')
  assert.match(authorized(server), /^ssh-ed25519 /)
})

test('a wrong password is asked for again, thrice at most, and is in no message', async () => {
  await using server = await startSftpServer({ password: PASSWORD })
  const good = await run(server, ['yes', 'wrong-one', PASSWORD])
  assert.equal(good.error, '')
  const bad = await run(server, ['yes', 'wrong-one', 'wrong-two', 'wrong-three'])
  assert.match(bad.error, /the server refuses the password for kdump/)
  const nobody = await run(server, ['yes'])
  assert.match(nobody.error, /nobody to ask for a password: run it at a terminal/)
  for (const { said, error } of [good, bad])
    assert.doesNotMatch(said.join() + error, /wrong-|horse/)
})

test('a server that shows another key than the known one is not logged in to', async () => {
  await using server = await startSftpServer({ password: PASSWORD })
  await using other = await startSftpServer()
  const root = newRoot()
  fs.mkdirSync(path.join(root, 'root/.ssh'), { recursive: true })
  const line = `[127.0.0.1]:${server.port} ssh-ed25519 ${other.hostKey}\n`
  fs.writeFileSync(path.join(root, 'root/.ssh/known_hosts'), line)
  const { error } = await run(server, [], { root })
  assert.match(error, /which is none of those known of it/)
  assert.equal(server.logins, 0)
})
