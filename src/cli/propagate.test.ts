// kbox propagate as a process: questions on standard error, answers by standard input, exit codes.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { startSftpServer } from '../../test/support/sftp_server.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-propagate-cli-'))
after(() => fs.rmSync(folder, { recursive: true }))

const MAIN = path.join(import.meta.dirname, 'main.ts')
const PASSWORD = 'correct horse'

async function run(
  conf: string,
  input: string,
  options: readonly string[] = [],
): Promise<{ code: number | null; stderr: string }> {
  const file = path.join(folder, 'kdump.conf')
  fs.writeFileSync(file, conf)
  const args = [MAIN, 'propagate', '--config', file, '--root', folder, ...options]
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, SSH_AUTH_SOCK: '' },
  })
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  await once(child, 'close')
  return { code: child.exitCode, stderr }
}

test('answers are taken line by line, and a password is not shown', async () => {
  await using server = await startSftpServer({ password: PASSWORD })
  const { code, stderr } = await run(`ssh kdump@127.0.0.1:${server.port}\n`, `yes\n${PASSWORD}\n`)
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^kdump: Generating new ssh keys\.\.\. \nkdump: done\.\n/)
  assert.match(stderr, /kdump: \/root\/\.ssh\/kdump_id_rsa has been added to ~kdump\/\.ssh\/auth/)
  assert.doesNotMatch(stderr, /horse/)
  assert.equal(fs.statSync(path.join(folder, 'root/.ssh/kdump_id_rsa')).mode & 0o777, 0o600)
})

test('without an ssh target, and without anyone to ask, it fails in words', async () => {
  const none = await run('path /var/crash\n', '')
  assert.equal(none.code, 1)
  assert.match(none.stderr, /kdump: No ssh config specified in .*kdump\.conf\. {2}Can't propagate/)
  await using server = await startSftpServer()
  const target = `ssh kdump@127.0.0.1:${server.port}\n`
  const silent = await run(target, '', ['--accept-host-key', 'yes'])
  assert.equal(silent.code, 1)
  assert.match(silent.stderr, /nobody to ask for a password/)
  assert.match(silent.stderr, /kdump: Failed to propagate ssh key to kdump@127\.0\.0\.1\n$/)
  assert.equal((await run(target, '', ['--accept-host-key', 'maybe'])).code, 2)
})
