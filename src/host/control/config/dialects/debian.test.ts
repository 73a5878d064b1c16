// Debian's file by text: what each variable means, is explained or is refused for. The shipped file is
// kdump-tools.conf.in of kdump-tools 1.10, its assignments only.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfResult } from '../conf_builder.ts'
import { DEFAULT_CONF } from '../kdump_conf_model.ts'
import { DEFAULT_LOAD_SETTINGS } from '../load_settings.ts'
import { debian } from './debian.ts'

const SHIPPED = `
USE_KDUMP=1
KDUMP_KERNEL=/var/lib/kdump/vmlinuz
KDUMP_INITRD=/var/lib/kdump/initrd.img
KDUMP_COREDIR="/var/crash"
#KDUMP_FAIL_CMD="reboot -f"
#MAKEDUMP_ARGS="-c -d 31"
#HOSTTAG="hostname|[ip]"
#NFS="<nfs mount>"
`

type Good = Extract<ConfResult, { readonly ok: true }>

function parse(text: string): Good {
  const result = debian.parse(text)
  assert.ok(result.ok, JSON.stringify(result))
  return result
}

function refuse(text: string): string {
  const result = debian.parse(text)
  assert.ok(!result.ok, 'expected errors')
  return result.errors.map(({ message }) => message).join('; ')
}

test('the shipped file is read without a word', () => {
  const { conf, load, warnings } = parse(SHIPPED)
  assert.deepEqual(warnings, [])
  const coreCollector = { ...DEFAULT_CONF.coreCollector, codec: 'zlib' }
  assert.deepEqual(conf, { ...DEFAULT_CONF, coreCollector })
  assert.deepEqual(load, DEFAULT_LOAD_SETTINGS)
})

test('a machine that is not to take dumps is not armed', () => {
  assert.match(refuse('USE_KDUMP=0'), /USE_KDUMP is 0/)
})

test('NFS alone, SSH alone, and both in turn', () => {
  const nfs = parse('NFS="h:/srv"\nNFS_TIMEO=100\nNFS_RETRANS=2\n').conf
  assert.deepEqual(nfs.targets, [
    { kind: 'nfs', server: 'h', export: '/srv', options: 'timeo=100,retrans=2', line: 1 },
  ])
  assert.equal(nfs.path, '/')
  const ssh = parse('SSH=u@h\nSSH_KEY=/root/key\nKDUMP_COREDIR=/srv/d\n').conf
  assert.deepEqual([ssh.targets[0]?.kind, ssh.path, ssh.sshKey], ['ssh', '/srv/d', '/root/key'])
  const both = parse('NFS=h:/srv\nSSH=u@h\n')
  assert.deepEqual(
    both.conf.targets.map(({ kind }) => kind),
    ['ssh', 'nfs'],
  )
  assert.match(both.warnings[0]?.message ?? '', /tried in turn/)
  assert.match(refuse('FTP=h:/d'), /FTP/)
  assert.match(refuse('SSH=h'), /no user@host/)
  assert.match(refuse('NFS=h'), /no host:/)
  assert.match(refuse('KDUMP_COREDIR=crash'), /no absolute path/)
})

test('KDUMP_FAIL_CMD is the action its command is', () => {
  const action = (command: string) => parse(`KDUMP_FAIL_CMD="${command}"`).conf.failureAction
  assert.equal(action("echo 'makedumpfile FAILED.'; /bin/bash; reboot -f"), 'shell')
  assert.equal(action('/bin/bash'), 'shell')
  assert.equal(action('reboot -f'), 'reboot')
  assert.equal(action('/sbin/poweroff -f'), 'poweroff')
  assert.equal(action('halt'), 'halt')
  assert.match(refuse('KDUMP_FAIL_CMD="curl http://h/; reboot -f"'), /no command that kbox/)
})

test('MAKEDUMP_ARGS are makedumpfile options', () => {
  const { codec, dumpLevels, isFlattened } = parse('MAKEDUMP_ARGS="-F -z -d 17"').conf.coreCollector
  assert.deepEqual([codec, dumpLevels, isFlattened], ['zstd', [17], true])
  assert.match(refuse('MAKEDUMP_ARGS="-d 99"'), /Dump_level\(99\) is invalid/)
})

test('what is loaded, and how', () => {
  const { load } = parse(`
KDUMP_KERNEL=/boot/vmlinuz-6.1.0-13-amd64
KDUMP_CMDLINE="console=ttyS0"
KDUMP_CMDLINE_APPEND="reset_devices systemd.unit=kdump-tools-dump.service nr_cpus=1"
KDUMP_CMDLINE_APPEND+=" irqpoll"
KDUMP_KEXEC_ARGS="-s"
`)
  assert.deepEqual(load, {
    ...DEFAULT_LOAD_SETTINGS,
    kernel: '/boot/vmlinuz-6.1.0-13-amd64',
    base: 'console=ttyS0',
    append: 'reset_devices nr_cpus=1 irqpoll',
    kexecMode: '-s',
  })
})

test('each variable without an effect here is said to have none', () => {
  const text = `KDUMP_INITRD=/boot/initrd
KDUMP_DUMP_DMESG=0
KDUMP_COMPRESSION=xz
HOSTTAG=hostname
NFS_MOUNT_RETRY=4
SSH_KDUMP_RETRY=16
FTP_USER=me
KDUMP_KEXEC_ARGS=--elf64-core-headers
KDUMP_OF_MINE=x
`
  const { warnings } = parse(text)
  assert.deepEqual(
    warnings.map(({ line }) => line).toSorted((a, b) => a - b),
    Array.from({ length: 9 }, (_, index) => index + 1),
  )
})

test('KDUMP_NUM_DUMPS is how many dumps are kept, 0 all of them', () => {
  assert.equal(parse('KDUMP_NUM_DUMPS=3\n').conf.retention.count, 3)
  assert.equal(parse('KDUMP_NUM_DUMPS=0\n').conf.retention.count, undefined)
})
