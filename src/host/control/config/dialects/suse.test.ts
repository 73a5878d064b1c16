// SUSE's file by text: what each variable means, is explained or is refused for. The shipped file is sysconfig.kdump.in of
// openSUSE/kdump 2.1, its assignments only.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfResult } from '../conf_builder.ts'
import { DEFAULT_CONF } from '../kdump_conf_model.ts'
import { DEFAULT_LOAD_SETTINGS } from '../load_settings.ts'
import { suse } from './suse.ts'

const SHIPPED = `
KDUMP_CRASHKERNEL="auto"
KDUMP_UPDATE_BOOTLOADER="true"
KDUMP_KERNELVER=""
KDUMP_CPUS=32
KDUMP_COMMANDLINE=""
KDUMP_COMMANDLINE_APPEND=""
KDUMP_AUTO_RESIZE="false"
KDUMP_FADUMP="false"
KDUMP_FADUMP_SHELL="false"
FADUMP_COMMANDLINE_APPEND="numa=off cma=0"
KEXEC_OPTIONS=""
KDUMP_IMMEDIATE_REBOOT="true"
KDUMP_TRANSFER=""
KDUMP_SAVEDIR="/var/crash"
KDUMP_KEEP_OLD_DUMPS=0
KDUMP_FREE_DISK_SIZE=64
KDUMP_VERBOSE=0
KDUMP_DUMPLEVEL=31
KDUMP_DUMPFORMAT="compressed"
KDUMP_CONTINUE_ON_ERROR="true"
KDUMP_REQUIRED_PROGRAMS=""
KDUMP_PRESCRIPT=""
KDUMP_POSTSCRIPT=""
KDUMP_NETCONFIG="auto"
KDUMP_NET_TIMEOUT=30
KDUMP_SMTP_SERVER=""
KDUMP_SMTP_USER=""
KDUMP_SMTP_PASSWORD=""
KDUMP_NOTIFICATION_TO=""
KDUMP_NOTIFICATION_CC=""
KDUMP_HOST_KEY=""
KDUMP_SSH_IDENTITY=""
`

type Good = Extract<ConfResult, { readonly ok: true }>

function parse(text: string): Good {
  const result = suse.parse(text)
  assert.ok(result.ok, JSON.stringify(result))
  return result
}

function refuse(text: string): string {
  const result = suse.parse(text)
  assert.ok(!result.ok, 'expected errors')
  return result.errors.map(({ message, value }) => `${message} ${value}`).join('; ')
}

test('the shipped file is read without a word', () => {
  const { conf, load, warnings } = parse(SHIPPED)
  assert.deepEqual(warnings, [])
  assert.equal(conf.path, '/var/crash')
  assert.equal(conf.sshKey, '/root/.ssh/id_rsa')
  assert.deepEqual(conf.coreCollector, {
    ...DEFAULT_CONF.coreCollector,
    codec: 'zlib',
    messageLevel: 6,
    threads: 32,
  })
  assert.deepEqual([conf.linkTimeoutSeconds, load.cpus], [30, 32])
})

test('an empty file means the same dump', () => {
  const { coreCollector } = parse(SHIPPED).conf
  assert.deepEqual(parse('').conf.coreCollector, { ...coreCollector, threads: undefined })
  assert.equal(parse('').lines.size, 0)
})

test('KDUMP_SAVEDIR is a folder or a URL', () => {
  const target = (url: string): unknown => {
    const { conf } = parse(`KDUMP_SAVEDIR="${url}"`)
    return [conf.targets[0], conf.path]
  }
  assert.deepEqual(target('file:///srv/crash'), [{ kind: 'path' }, '/srv/crash'])
  const nfs = { kind: 'nfs', export: '/srv/crash', options: '', line: 1 }
  assert.deepEqual(target('nfs://h/srv/crash'), [{ ...nfs, server: 'h' }, '/'])
  assert.deepEqual(target('NFS://[2001:db8::1]/srv/crash'), [
    { ...nfs, server: '2001:db8::1' },
    '/',
  ])
  const ssh = { kind: 'ssh', host: 'h', line: 1 }
  assert.deepEqual(target('sftp://me@h:2222/d'), [{ ...ssh, user: 'me', port: 2222 }, '/d'])
  assert.deepEqual(target('ssh://h/d'), [{ ...ssh, user: 'root', port: 22 }, '/d'])
  for (const url of ['ftp://h/d', 'cifs://h/share/d'])
    assert.match(refuse(`KDUMP_SAVEDIR=${url}`), /targets are not supported/)
  for (const url of ['crash', 'file://crash', 'nfs://h', 'sftp://h', '/var/../etc'])
    assert.match(refuse(`KDUMP_SAVEDIR=${url}`), /^KDUMP_SAVEDIR \(.*\) is invalid/)
})

test('no problem repeats a password', () => {
  const secret = 'hunter2'
  for (const line of [
    `KDUMP_SAVEDIR="sftp://me:${secret}@h/d"`,
    `KDUMP_SAVEDIR="ftp://me:${secret}@h/d"`,
    `KDUMP_SAVEDIR="gopher://me:${secret}@h/d"`,
    `KDUMP_SMTP_PASSWORD=${secret}`,
  ]) {
    const result = suse.parse(line)
    assert.ok(!JSON.stringify(result).includes(secret), JSON.stringify(result))
  }
  assert.match(refuse(`KDUMP_SAVEDIR="ssh://me:${secret}@h/d"`), /has a password/)
})

test('formats, level, verbosity and more options make one collector', () => {
  const collector = (text: string) => parse(text).conf.coreCollector
  const codecs = ['lzo', 'snappy', 'zstd', 'compressed', 'ELF'].map(
    (format) => collector(`KDUMP_DUMPFORMAT=${format}`).codec,
  )
  assert.deepEqual(codecs, ['lzo', 'snappy', 'zstd', 'zlib', 'none'])
  assert.deepEqual(collector('KDUMP_DUMPFORMAT=raw').dumpLevels, [0])
  assert.equal(collector('KDUMP_DUMPFORMAT=raw').format, 'elf')
  assert.equal(collector('KDUMP_VERBOSE=10').messageLevel, 6 | 1 | 8)
  const options = 'KDUMP_DUMPLEVEL=1\nMAKEDUMPFILE_OPTIONS="--num-threads 4 -d 17"'
  assert.deepEqual(collector(options).dumpLevels, [17])
  assert.equal(collector(options).threads, 4)
  const result = suse.parse('MAKEDUMPFILE_OPTIONS="-l --split"')
  assert.ok(!result.ok)
  assert.deepEqual([result.errors[0]?.value, result.errors[0]?.column], ['--split', 26])
  assert.match(refuse('KDUMP_DUMPFORMAT=none'), /none is not supported/)
})

test('what happens around the dump', () => {
  const { conf, load } = parse(`
KDUMP_CONTINUE_ON_ERROR=no
KDUMP_IMMEDIATE_REBOOT=0
KDUMP_REQUIRED_PROGRAMS="/usr/bin/a  /usr/bin/b"
KDUMP_PRESCRIPT=/usr/bin/a
KDUMP_POSTSCRIPT=/usr/bin/b
KDUMP_UPDATE_BOOTLOADER=no
KDUMP_KERNELVER=6.4.0-default
KDUMP_COMMANDLINE="root=x"
KDUMP_COMMANDLINE_APPEND="net_delay=5"
KEXEC_OPTIONS="-s"
KDUMP_SSH_IDENTITY="id_kdump"
`)
  assert.deepEqual([conf.failureAction, conf.finalAction], ['shell', 'halt'])
  assert.deepEqual(conf.extraBins, ['/usr/bin/a', '/usr/bin/b'])
  assert.deepEqual([conf.hooks.pre, conf.hooks.post], ['/usr/bin/a', '/usr/bin/b'])
  assert.deepEqual([conf.autoResetCrashkernel, conf.sshKey], [false, '/root/.ssh/id_kdump'])
  assert.deepEqual(load, {
    ...DEFAULT_LOAD_SETTINGS,
    kernel: '6.4.0-default',
    base: 'root=x',
    extra: 'net_delay=5',
    kexecMode: '-s',
  })
})

test('what would not do what was asked is refused', () => {
  assert.match(refuse('KDUMP_TRANSFER="scp /proc/vmcore h:"'), /KDUMP_TRANSFER is not supported/)
  assert.match(refuse('KDUMP_FADUMP=true'), /firmware-assisted/)
  assert.match(refuse("KDUMP_HOST_KEY='*'"), /whoever answers/)
  assert.match(refuse('KDUMP_PRESCRIPT="/bin/a b"'), /not the path of one program/)
})

test("a wrong kind of value is told in SUSE's words and means the default", () => {
  const { conf, warnings } = parse('KDUMP_DUMPLEVEL=high\nKDUMP_CONTINUE_ON_ERROR=maybe\n')
  assert.equal(conf.failureAction, 'reboot')
  assert.deepEqual(
    warnings.map(({ message }) => message),
    [
      "config option KDUMP_DUMPLEVEL has invalid value 'high', must be a number; ignoring",
      "config option KDUMP_CONTINUE_ON_ERROR has invalid value 'maybe', should be 'true' or 'false; ignoring'",
    ],
  )
})

test('each variable without an effect here is said to have none', () => {
  const text = `KDUMP_CRASHKERNEL="crashkernel=300M,high"
KDUMP_AUTO_RESIZE=true
KDUMP_FADUMP_SHELL=true
KDUMP_FREE_DISK_SIZE=100
KDUMP_NETCONFIG=eth0:dhcp
KDUMP_SMTP_SERVER=mail
KDUMP_NOTIFICATION_TO=root
KDUMP_HOST_KEY=AAAA
KDUMPTOOL_FLAGS=x
KDUMP_OF_MINE=x
`
  const { warnings } = parse(text)
  assert.deepEqual(
    warnings.map(({ line }) => line).toSorted((a, b) => a - b),
    Array.from({ length: 10 }, (_, index) => index + 1),
  )
})

test('KDUMP_KEEP_OLD_DUMPS counts those beside the newest; 0 keeps all, -1 none', () => {
  assert.equal(parse('KDUMP_KEEP_OLD_DUMPS=5\n').conf.retention.count, 6)
  assert.equal(parse('KDUMP_KEEP_OLD_DUMPS=-1\n').conf.retention.count, 1)
  assert.equal(parse('KDUMP_KEEP_OLD_DUMPS=0\n').conf.retention.count, undefined)
})
