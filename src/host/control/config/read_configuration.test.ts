// Configurations of machines as trees of files below a temporary folder: which file is read, and what of it is true there.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { NotFoundError } from '../../../core/base/errors.ts'
import {
  type Configuration,
  findConfigurationFile,
  readConfiguration,
} from './read_configuration.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-configuration-'))
after(() => rmSync(folder, { recursive: true }))
let count = 0

/** A machine with these files. */
function machine(files: Readonly<Record<string, string>>): string {
  const root = path.join(folder, String(count++))
  mkdirSync(root)
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
    if (name.startsWith('usr/bin/')) chmodSync(file, 0o755)
  }
  return root
}

function read(root: string): Configuration {
  const result = readConfiguration({ root })
  assert.ok(result.ok, JSON.stringify(result))
  return result.configuration
}

function problems(root: string): string[] {
  const result = readConfiguration({ root })
  assert.ok(!result.ok)
  return result.errors.map(({ message }) => message)
}

const SUSE = 'KDUMP_SAVEDIR="/srv"\n'
const DEBIAN = 'USE_KDUMP=1\nKDUMP_COREDIR=/srv\n'

test("kdump.conf wins, then Debian's file, then SUSE's", () => {
  const files = { 'etc/default/kdump-tools': DEBIAN, 'etc/sysconfig/kdump': SUSE }
  const dialects = [{ ...files, 'etc/kdump.conf': '' }, files, { 'etc/sysconfig/kdump': SUSE }].map(
    (tree) => read(machine(tree)).dialect.name,
  )
  assert.deepEqual(dialects, ['kdump.conf', 'debian', 'suse'])
})

test("Red Hat's sysconfig alone is no configuration, beside kdump.conf it is read", () => {
  const sysconfig = 'KDUMP_COMMANDLINE_APPEND="nr_cpus=2"\n'
  const alone = machine({ 'etc/sysconfig/kdump': sysconfig })
  assert.equal(findConfigurationFile(alone), undefined)
  assert.throws(() => readConfiguration({ root: alone }), NotFoundError)
  const root = machine({ 'etc/sysconfig/kdump': sysconfig, 'etc/kdump.conf': 'path /a\n' })
  const { load, sources, files } = read(root)
  assert.equal(load.append, 'nr_cpus=2')
  assert.equal(files.length, 2)
  assert.deepEqual(sources.get('append'), {
    file: path.join(root, 'etc/sysconfig/kdump'),
    line: 1,
  })
  assert.deepEqual(sources.get('path'), { file: path.join(root, 'etc/kdump.conf'), line: 1 })
})

test("a kdump.conf on SUSE does not read SUSE's own file as Red Hat's", () => {
  const { files, warnings } = read(machine({ 'etc/kdump.conf': '', 'etc/sysconfig/kdump': SUSE }))
  assert.deepEqual([files.length, warnings.length], [1, 0])
})

test('a file given by name is recognised by its content', () => {
  const root = machine({ a: DEBIAN, b: SUSE, c: 'path /x\n', 'etc/default/kdump-tools': '' })
  const names = ['a', 'b', 'c', 'etc/default/kdump-tools'].map((name) => {
    const result = readConfiguration({ root, file: path.join(root, name) })
    assert.ok(result.ok)
    return result.configuration.dialect.name
  })
  assert.deepEqual(names, ['debian', 'suse', 'kdump.conf', 'debian'])
})

test('errors of both files are collected, each with its file', () => {
  const root = machine({ 'etc/kdump.conf': 'pathh /a\n', 'etc/sysconfig/kdump': 'rm -rf /\n' })
  const result = readConfiguration({ root })
  assert.ok(!result.ok)
  assert.deepEqual(
    result.errors.map(({ file, line }) => [path.basename(file), line]),
    [
      ['kdump.conf', 1],
      ['kdump', 1],
    ],
  )
})

test('P7: a key that is not there is replaced by the default one, with a warning', () => {
  const conf = 'ssh u@h\nsshkey /root/.ssh/mine\n'
  const { conf: replaced, warnings } = read(machine({ 'etc/kdump.conf': conf }))
  assert.equal(replaced.sshKey, '/root/.ssh/kdump_id_rsa')
  assert.equal(
    warnings[0]?.message,
    "'/root/.ssh/mine' doesn't exist, using default value '/root/.ssh/kdump_id_rsa'",
  )
  assert.equal(warnings[0].line, 2)
  const kept = read(machine({ 'etc/kdump.conf': conf, 'root/.ssh/mine': 'k' }))
  assert.deepEqual([kept.conf.sshKey, kept.warnings.length], ['/root/.ssh/mine', 0])
})

test('SUSE tries the keys root has', () => {
  const files = { 'etc/sysconfig/kdump': 'KDUMP_SAVEDIR=sftp://h/d\n' }
  assert.equal(read(machine(files)).conf.sshKey, '/root/.ssh/id_rsa')
  const root = machine({ ...files, 'root/.ssh/id_ed25519': 'k' })
  assert.equal(read(root).conf.sshKey, '/root/.ssh/id_ed25519')
})

test('P9: this machine cannot be a node it tells of its own dump', () => {
  const root = machine({
    'etc/kdump.conf': 'fence_kdump_nodes node1 node2\n',
    'proc/sys/kernel/hostname': 'node2\n',
  })
  assert.deepEqual(problems(root), ['Option fence_kdump_nodes cannot contain node2'])
  const others = machine({ 'etc/kdump.conf': 'fence_kdump_nodes node1\n', 'etc/hostname': 'x\n' })
  assert.deepEqual(read(others).conf.fenceKdumpNodes, ['node1'])
})

test('programs must be there and executable', () => {
  const conf = 'kdump_pre /usr/bin/pre\nextra_bins /opt/data /usr/bin/none\n'
  const root = machine({ 'etc/kdump.conf': conf, 'usr/bin/pre': '#!/bin/sh\n', 'opt/data': 'x' })
  assert.deepEqual(problems(root), [
    'Error: /opt/data is not executable.',
    'Error: /usr/bin/none not found.',
  ])
})

test('the token of an http target must be there', () => {
  const conf = 'http https://h/d\nhttp_token /etc/token\n'
  assert.deepEqual(problems(machine({ 'etc/kdump.conf': conf })), [
    'http_token /etc/token not found',
  ])
  assert.ok(read(machine({ 'etc/kdump.conf': conf, 'etc/token': 't' })))
})

test('debug_mem_level is a word of the command line', () => {
  assert.equal(
    read(machine({ 'etc/kdump.conf': 'debug_mem_level 2\n' })).load.extra,
    'rd.memdebug=2',
  )
})

test('a raw target is not encrypted, and a key that signs should be there', () => {
  const recipient = 'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg'
  const raw = machine({ 'etc/kdump.conf': `raw /dev/vdb\nencrypt_to ${recipient}\n` })
  assert.deepEqual(problems(raw), ['raw targets cannot be encrypted'])
  const conf = 'sign_key /etc/ssh/key\n'
  const { warnings } = read(machine({ 'etc/kdump.conf': conf }))
  assert.match(warnings[0]?.message ?? '', /sign_key \/etc\/ssh\/key not found/)
  assert.equal(read(machine({ 'etc/kdump.conf': conf, 'etc/ssh/key': 'k' })).warnings.length, 0)
})
