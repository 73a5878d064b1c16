// ssh_config files: the first value wins, of those blocks that match; and files that include each other.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { parseSshConfig, readSshSettings } from './ssh_config.ts'

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-ssh-config-'))
after(() => fs.rmSync(root, { recursive: true }))

test('without a word about it a host is itself', () => {
  const expected = { hostName: 'server', port: undefined, hostKeyAlias: '', proxy: '' }
  assert.deepEqual(parseSshConfig('', 'server', 'root'), expected)
  assert.deepEqual(parseSshConfig('Host other\n  Port 1\n', 'server', 'root'), expected)
})

test('an alias gives name and port, the first that is said', () => {
  const text = `# dumps
Host dumps backup-?
    HostName = %h.example.org
    Port 2222
    Port 2223
host *
  port 99
  HostKeyAlias "the key of all"
`
  assert.deepEqual(parseSshConfig(text, 'dumps', 'root'), {
    hostName: 'dumps.example.org',
    port: 2222,
    hostKeyAlias: 'the key of all',
    proxy: '',
  })
  assert.equal(parseSshConfig(text, 'backup-1', 'root').port, 2222)
  assert.equal(parseSshConfig(text, 'backup-12', 'root').port, 99)
})

test('negated patterns rule a block out', () => {
  const text = 'Host * !dumps\nPort 1\nHost dumps\nPort 2\n'
  assert.equal(parseSshConfig(text, 'dumps', 'root').port, 2)
  assert.equal(parseSshConfig(text, 'other', 'root').port, 1)
})

test('Match goes by names; what would have to be run holds for nobody', () => {
  const text = `Host dumps
HostName real
Match host real user kdump
  Port 1
Match exec "true"
  Port 2
Match originalhost dumps
  Port 3
Match all
  HostKeyAlias x
`
  assert.equal(parseSshConfig(text, 'dumps', 'kdump').port, 1)
  assert.equal(parseSshConfig(text, 'dumps', 'root').port, 3)
  assert.equal(parseSshConfig(text, 'other', 'root').hostKeyAlias, 'x')
})

test('a proxy is told, none is none, a port that is none is not taken', () => {
  assert.equal(parseSshConfig('ProxyJump gate', 'x', 'root').proxy, 'gate')
  assert.equal(parseSshConfig('ProxyCommand nc %h %p', 'x', 'root').proxy, 'nc %h %p')
  assert.equal(parseSshConfig('ProxyJump none\nProxyCommand nc', 'x', 'root').proxy, '')
  assert.equal(parseSshConfig('Port seventy', 'x', 'root').port, undefined)
})

test("root's file comes before the system's, included ones where they are named, and none is read forever", () => {
  const write = (file: string, text: string): void => {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
    fs.writeFileSync(path.join(root, file), text)
  }
  write('root/.ssh/config', 'Include conf.d/*\nInclude config\nHost dumps\nPort 2\n')
  write('root/.ssh/conf.d/b', 'Host dumps\nPort 5\n')
  write('root/.ssh/conf.d/a', 'Host dumps\nHostName from-a\n')
  write('etc/ssh/ssh_config', 'Include /etc/ssh/more.conf\nHost dumps\nPort 9\nHostName late\n')
  write('etc/ssh/more.conf', 'Host *\nHostKeyAlias shared\n')
  assert.deepEqual(readSshSettings('dumps', 'root', root), {
    hostName: 'from-a',
    port: 5,
    hostKeyAlias: 'shared',
    proxy: '',
  })
})
