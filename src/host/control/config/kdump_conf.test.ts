// kdump.conf by text: each case is a file's content and what must come of it, or kdumpctl's words and the place.
// P-numbers are those of the project's list of cases taken from kdump-utils' own tests.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type ConfProblem, formatProblemPlace } from './conf_problem.ts'
import { DEFAULT_COLLECTOR } from './core_collector.ts'
import { DIRECTIVES, parseKdumpConf } from './kdump_conf.ts'
import { type ConfTarget, DEFAULT_CONF, type KdumpConf } from './kdump_conf_model.ts'

function parse(text: string): { conf: KdumpConf; warnings: readonly ConfProblem[] } {
  const result = parseKdumpConf(text)
  assert.ok(result.ok, JSON.stringify(result))
  return result
}

function refuse(text: string): readonly ConfProblem[] {
  const result = parseKdumpConf(text)
  assert.ok(!result.ok, 'expected errors')
  return result.errors
}

function messages(problems: readonly ConfProblem[]): string[] {
  return problems.map((problem) => problem.message)
}

test("an empty file means kdumpctl's defaults", () => {
  const { conf } = parse('')
  assert.deepEqual(conf, DEFAULT_CONF)
  const { codec, dumpLevels, messageLevel } = conf.coreCollector
  assert.deepEqual([codec, dumpLevels, messageLevel], ['lzo', [31], 7])
})

test('P1: comments, trailing comments, tabs, leading space and outer quotes', () => {
  const { conf } = parse(
    '# all of it\n\n  \t path\t  "/my dumps"   # here\n\text4 /dev/vdb1\r\nfinal_action poweroff\t\n',
  )
  assert.equal(conf.path, '/my dumps')
  assert.equal(conf.finalAction, 'poweroff')
  assert.deepEqual(conf.targets[0], {
    kind: 'filesystem',
    fstype: 'ext4',
    device: { by: 'node', node: '/dev/vdb1' },
    line: 4,
  })
})

test('P1: single quotes stay, and only one pair of double quotes goes', () => {
  assert.equal(parse("path '/a'").conf.path, "/'/a'")
  assert.equal(parse('path "/a" "b"').conf.path, '/a" "b')
})

test('P1: a repeated option is refused, naming both lines', () => {
  const [error] = refuse('path /a\n# x\npath /b\n')
  assert.equal(error?.message, 'Duplicated kdump config value of option path')
  assert.equal(error?.line, 3)
  assert.match(error?.remedy ?? '', /line 1/)
})

test("P2: an unknown option is an error in kdumpctl's words, with a guess", () => {
  const [error] = refuse('\n  pathh /a\n')
  assert.ok(error)
  assert.equal(error.message, 'Invalid kdump config option pathh')
  assert.equal(
    formatProblemPlace('/etc/kdump.conf', error),
    "  /etc/kdump.conf:2:3: 'pathh': did you mean 'path'?",
  )
})

test("an option without a value is an error in kdumpctl's words", () => {
  assert.deepEqual(messages(refuse('core_collector\npath #/a\n')), [
    "Invalid kdump config value for option 'core_collector'",
    "Invalid kdump config value for option 'path'",
  ])
})

test('P3: the configuration that distributions ship parses', () => {
  for (const collector of [
    'makedumpfile -l --message-level 7 -d 31',
    'makedumpfile -c --message-level 7 -d 31',
  ]) {
    const { conf, warnings } = parse(
      `auto_reset_crashkernel yes\npath /var/crash\ncore_collector ${collector}\n`,
    )
    assert.deepEqual(conf.coreCollector.dumpLevels, [31])
    assert.deepEqual(warnings, [])
  }
})

/** The guide's own lines, and the places it offers. */
const GUIDE =
  'path /var/crash\ncore_collector makedumpfile -c --message-level 1 -d 31\ndisk_timeout 30\ndefault reboot\n'

test("the guide's file is accepted whole, its old directives understood", () => {
  const { conf, warnings } = parse(GUIDE)
  assert.deepEqual(conf, {
    ...DEFAULT_CONF,
    coreCollector: { ...DEFAULT_COLLECTOR, codec: 'zlib', messageLevel: 1 },
    deviceTimeoutSeconds: 30,
  })
  assert.deepEqual(messages(warnings), [
    'Deprecated kdump config option: disk_timeout. Refer to kdump.conf manpage for alternatives.',
    "Option 'default' was renamed 'failure_action' and will be removed in the future.",
  ])
})

test("the guide's targets mean what it says, 'net ssh user@sshserver' too", () => {
  const target = (line: string): ConfTarget | undefined => parse(GUIDE + line).conf.targets[0]
  const server = 'my.nfs.server'
  assert.deepEqual(target(`net ${server}:/export/path\n`), {
    ...{ kind: 'nfs', server, export: '/export/path', options: '', line: 5 },
  })
  const ssh = { kind: 'ssh', user: 'user', host: 'sshserver', port: 22, line: 5 }
  assert.deepEqual(target('net ssh user@sshserver\n'), ssh)
  assert.deepEqual(target('net user@sshserver\n'), ssh)
  assert.deepEqual(target('raw /dev/sdb1\n'), {
    ...{ kind: 'raw', device: { by: 'node', node: '/dev/sdb1' }, line: 5 },
  })
  const [warning] = parse('net ssh user@sshserver\n').warnings
  assert.equal(
    warning?.remedy,
    "the word 'ssh' after net is read over; understood as 'ssh user@sshserver': write that",
  )
})

test('%HOST-%DATE at the end of path is explained, not taken as a folder', () => {
  for (const name of ['%HOST-%DATE', '%HOST_IP-%DATE', '%DATE']) {
    const { conf, warnings } = parse(`path /var/crash/${name}\n`)
    assert.equal(conf.path, '/var/crash')
    assert.match(warnings[0]?.message ?? '', /only shows how folders are named/)
  }
  assert.equal(parse('path /var/%HOST/x\n').conf.path, '/var/%HOST/x')
})

test('P4: each deprecated option is understood, said to be deprecated and given its modern form', () => {
  const deprecated = ['net h:/e', 'options e1000 x=1', 'link_delay 60', 'disk_timeout 30'].concat([
    ...['debug_mem_level 2', 'blacklist nouveau'],
  ])
  for (const line of deprecated) {
    const option = line.split(' ')[0]
    assert.deepEqual(messages(parse(line).warnings), [
      `Deprecated kdump config option: ${option}. Refer to kdump.conf manpage for alternatives.`,
    ])
  }
  assert.equal(parse('net h:/e').warnings[0]?.remedy, "understood as 'nfs h:/e': write that")
  assert.match(parse('options e1000 x=1').warnings[0]?.remedy ?? '', /"e1000\.x=1"/)
})

test('P5: a second target of any kind is refused', () => {
  assert.deepEqual(messages(refuse('ext4 /dev/vda1\nxfs /dev/vdb1\n')), [
    'More than one dump targets specified',
  ])
  assert.ok(
    messages(refuse('ext4 /dev/vda1\nnfs host:/export\n')).includes(
      'More than one dump targets specified',
    ),
  )
})

test('each kind of target is read', () => {
  const target = (line: string): unknown => {
    const [{ line: _, ...rest }] = parse(line).conf.targets as unknown as [{ line: number }]
    return rest
  }
  assert.deepEqual(target('nfs [2001:db8::1]:/srv'), {
    ...{ kind: 'nfs', server: '2001:db8::1', export: '/srv', options: '' },
  })
  const ssh = { kind: 'ssh', user: 'u', port: 22 }
  assert.deepEqual(target('ssh u@2001:db8::1'), { ...ssh, host: '2001:db8::1' })
  assert.deepEqual(target('ssh u@h.example:2222'), { ...ssh, host: 'h.example', port: 2222 })
  assert.deepEqual(target('ssh u@[2001:db8::1]:23'), { ...ssh, host: '2001:db8::1', port: 23 })
  assert.deepEqual(target('raw UUID=AB'), { kind: 'raw', device: { by: 'uuid', uuid: 'ab' } })
  assert.deepEqual(target('http_token /etc/t\nhttp https://h:8443/d'), {
    ...{ kind: 'http', url: 'https://h:8443/d', tokenFile: '/etc/t' },
  })
})

test('a target that is none of the form is placed and told the form', () => {
  const cases: readonly (readonly [line: string, remedy: RegExp])[] = [
    ['nfs host', /host:\/export/],
    ['nfs ho st:/e', /host:\/export/],
    ['nfs [zz]:/e', /2001:db8/],
    ['ssh host', /'ssh <user>@<host>'/],
    ['ssh u@h:0', /'ssh <user>@<host>'/],
    ['ssh -oProxyCommand=x@h', /'ssh <user>@<host>'/],
    ['raw sdb1', /\/dev\/NAME/],
    ['raw /dev/../etc', /\/dev\/NAME/],
    ['http ftp://h/', /https:/],
    ['http https://me:secret@h/', /without user/],
    ['net nowhere', /host:\/export/],
    ['fallback tape /dev/st0', /'fallback' and a target/],
    ['fallback nfs host', /host:\/export/],
    ['kdump_pre relative', /absolute path/],
    ['sshkey id_rsa', /absolute path/],
    ['initramfs mine', /auto, builtin/],
    ['link_delay soon', /number of seconds/],
    ['debug_mem_level 4', /0, 1, 2 or 3/],
  ]
  for (const [line, remedy] of cases) assert.match(refuse(line)[0]?.remedy ?? '', remedy, line)
})

test("a bad ssh target is told in kdumpctl's words", () => {
  const message = 'Invalid ssh destination host provided.'
  assert.deepEqual(messages(refuse('ssh host\n')), [message])
  assert.deepEqual(messages(refuse('fallback ssh host\n')), [message])
})

test('virtiofs and minix are refused with the reason', () => {
  assert.deepEqual(messages(refuse('virtiofs tag')), ["not supported: option 'virtiofs'"])
  assert.match(refuse('minix /dev/vdb')[0]?.remedy ?? '', /ext4/)
})

test('fallback adds targets in order; path is the file system that holds it', () => {
  const { targets } = parse('nfs h:/e\nfallback ssh u@h\nfallback raw /dev/vdb\nfallback path').conf
  assert.deepEqual(
    targets.map(({ kind }) => kind),
    ['nfs', 'ssh', 'raw', 'path'],
  )
  assert.deepEqual(
    parse('fallback nfs h:/e').conf.targets.map(({ kind }) => kind),
    ['path', 'nfs'],
  )
})

test('P6: --mount of dracut_args is a target', () => {
  const { conf } = parse('dracut_args --add-drivers "a b" --mount "UUID=ab /mnt ext4 ro"\n')
  assert.deepEqual(conf.targets, [
    { kind: 'filesystem', fstype: 'ext4', device: { by: 'uuid', uuid: 'ab' }, line: 1 },
  ])
  assert.equal(conf.dracutArgs, '--add-drivers "a b" --mount "UUID=ab /mnt ext4 ro"')
  const nfs = parse("dracut_args --mount='h:/e /mnt nfs4 defaults,vers=4.1,addr=192.0.2.1'\n")
  assert.deepEqual(nfs.conf.targets, [
    { kind: 'nfs', server: 'h', export: '/e', options: 'vers=4.1', line: 1 },
  ])
})

test('P6: --mount conflicts with a target, and with a second --mount', () => {
  const mount = '--mount "/dev/vda1 /mnt ext4"'
  assert.deepEqual(messages(refuse(`nfs h:/e\ndracut_args ${mount}\n`)), [
    'More than one dump targets specified',
  ])
  assert.deepEqual(messages(refuse(`dracut_args ${mount} ${mount}\n`)), [
    'Multiple mount targets specified in one "dracut_args".',
  ])
  assert.match(refuse('dracut_args --mount "a b"')[0]?.remedy ?? '', /DEVICE MOUNTPOINT/)
  assert.match(refuse('dracut_args --mount "a b')[0]?.remedy ?? '', /close the quotes/)
})

test('P11: every directive of old releases is understood', () => {
  const text = `
ext3 /dev/sda3
link_delay 60
options bnx2 disable_msi=1 debug=0
options e1000e IntMode=1
blacklist nouveau i915
blacklist radeon
debug_mem_level 3
disk_timeout 180
default mount_root_run_init
override_resettable 1
kdump_pre /usr/bin/pre
kdump_post /usr/bin/post
extra_bins /usr/bin/lftp /usr/bin/curl
extra_modules gfs2 dlm
sshkey /root/.ssh/key
fence_kdump_args -p 7410 -f auto
fence_kdump_nodes node1 node2
`
  const { conf, warnings } = parse(text)
  assert.deepEqual(conf, {
    ...DEFAULT_CONF,
    targets: [
      {
        ...{ kind: 'filesystem', fstype: 'ext3', line: 2 },
        device: { by: 'node', node: '/dev/sda3' },
      },
    ],
    linkTimeoutSeconds: 60,
    deviceTimeoutSeconds: 180,
    moduleOptions: ['bnx2.disable_msi=1', 'bnx2.debug=0', 'e1000e.IntMode=1'],
    omitModules: ['nouveau', 'i915', 'radeon'],
    memoryDebugLevel: 3,
    failureAction: 'dump_to_rootfs',
    hooks: { pre: '/usr/bin/pre', post: '/usr/bin/post', emergency: undefined },
    extraBins: ['/usr/bin/lftp', '/usr/bin/curl'],
    extraModules: ['gfs2', 'dlm'],
    sshKey: '/root/.ssh/key',
    fenceKdumpArgs: '-p 7410 -f auto',
    fenceKdumpNodes: ['node1', 'node2'],
  })
  assert.equal(warnings.length, 9)
  assert.equal(parse('nfs4 h:/e\n').conf.targets[0]?.kind, 'nfs')
})

test('a wait of 0 seconds is not taken at its word', () => {
  const { conf, warnings } = parse('disk_timeout 0\n')
  assert.equal(conf.deviceTimeoutSeconds, undefined)
  assert.match(warnings[0]?.remedy ?? '', /^0 is read over/)
})

test('each setting knows its line', () => {
  const result = parseKdumpConf('# c\npath /a\n\nfinal_action halt\nfallback nfs h:/e\n')
  assert.ok(result.ok)
  assert.deepEqual(
    ['path', 'finalAction', 'targets', 'sshKey'].map((name) => result.lines.get(name as 'path')),
    [2, 4, 5, undefined],
  )
})

test('no two directives have the same name', () => {
  assert.equal(new Set(DIRECTIVES.map(({ name }) => name)).size, DIRECTIVES.length)
})

test("P8: wrong actions print kdumpctl's usage and their place", () => {
  const errors = refuse('failure_action burn\nfinal_action shell\n')
  assert.deepEqual(messages(errors), [
    'Usage kdump.conf: failure_action {reboot|halt|poweroff|shell|dump_to_rootfs}',
    'Usage kdump.conf: final_action {reboot|halt|poweroff}',
  ])
  assert.deepEqual([errors[0]?.column, errors[0]?.value], [16, 'burn'])
})

test('default and failure_action are one option', () => {
  const text = 'default shell\nfailure_action halt\n'
  assert.deepEqual(messages(refuse(text)), [
    'Duplicated kdump config value of option failure_action',
  ])
})

test('P10: force_rebuild and force_no_rebuild exclude each other and take 0 or 1', () => {
  const both = 'Error: force_rebuild and force_no_rebuild are enabled simultaneously in kdump.conf'
  assert.deepEqual(messages(refuse('force_rebuild 1\nforce_no_rebuild 1\n')), [both])
  assert.deepEqual(messages(refuse('force_rebuild yes\n')), [
    'Error: force_rebuild value is invalid',
  ])
  assert.equal(parse('force_rebuild 0\nforce_no_rebuild 1\n').conf.forceNoRebuild, true)
})

test('P12: a value ends at #, which is told when a word was cut', () => {
  const { conf, warnings } = parse('path /var/crash#1\nfinal_action halt # a comment\n')
  assert.equal(conf.path, '/var/crash')
  assert.deepEqual(messages(warnings), ["The value of option 'path' ends at '#'"])
})

test('devices are named by node, UUID, LABEL or partition', () => {
  const device = (value: string): unknown => {
    const [target] = parse(`xfs ${value}\n`).conf.targets
    return target?.kind === 'filesystem' ? target.device : undefined
  }
  assert.deepEqual(device('UUID=0F3A-11'), { by: 'uuid', uuid: '0f3a-11' })
  assert.deepEqual(device('LABEL="my dumps"'), { by: 'label', label: 'my dumps' })
  assert.deepEqual(device('PARTUUID=ab-1'), { by: 'node', node: '/dev/disk/by-partuuid/ab-1' })
  assert.deepEqual(messages(refuse('xfs vdb1\n')), ["Invalid kdump config value for option 'xfs'"])
  assert.deepEqual(messages(refuse('xfs /dev/vdb 1\n')), [
    "Invalid kdump config value for option 'xfs'",
  ])
})

test('a wrong collector option is placed within its line', () => {
  const [error] = refuse('core_collector makedumpfile -l -E -d 31\n')
  assert.equal(
    error?.message,
    'makedumpfile parameter check failed: makedumpfile refuses this combination of options',
  )
  assert.equal(error?.column, 'core_collector makedumpfile -l -E'.indexOf('-E') + 1)
})

test('a path that climbs out of the target is refused', () => {
  assert.deepEqual(messages(refuse('path /var/../../etc\n')), [
    "Invalid kdump config value for option 'path'",
  ])
})

test('docs/kdump_conf.md tells of every directive', () => {
  const text = readFileSync(new URL('../../../../docs/kdump_conf.md', import.meta.url), 'utf8')
  const names = new Set(Array.from(text.matchAll(/`([a-z][a-z0-9_]*)/g), ([, name]) => name))
  assert.deepEqual(
    DIRECTIVES.map(({ name }) => name).filter((name) => !names.has(name)),
    [],
  )
})

const RECIPIENT = 'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg'
const OTHER = 'age19gljhnys2zlcek5hn7wfm08rzyyrq5w7nllqhshurxnaymfnnaesdqpygy'

test('encrypt_to takes several recipients, on one line or on several', () => {
  const { conf } = parse(`encrypt_to ${RECIPIENT} ${OTHER}\nencrypt_to ${RECIPIENT}\n`)
  assert.deepEqual(conf.encryptTo, [RECIPIENT, OTHER, RECIPIENT])
})

test('a recipient that is none is refused with its place, and a secret key is not repeated', () => {
  const cases = [
    [RECIPIENT.replace('l', 'q'), /check sum/],
    [RECIPIENT.slice(0, -3), /55 characters/],
    ['ssh-ed25519', /not supported/],
    ['age1yubikey1qwerty', /not supported/],
    ['alice', /not an age recipient/],
    [RECIPIENT.toUpperCase(), /not an age recipient/],
  ] as const
  for (const [value, expected] of cases) {
    const [error] = refuse(`path /a\nencrypt_to ${OTHER} ${value}\n`)
    assert.match(error?.message ?? '', expected)
    assert.deepEqual([error?.line, error?.column, error?.value], [2, 13 + OTHER.length, value])
    assert.notEqual(error?.remedy, '')
  }
  const [secret] = refuse('encrypt_to AGE-SECRET-KEY-1QQQQQ\n')
  assert.match(secret?.message ?? '', /secret key/)
  assert.doesNotMatch(JSON.stringify(secret), /QQQQQ/)
})

test('limits of what is kept are read, and anything else is refused', () => {
  const { conf } = parse('retain_count 5\nretain_bytes 20G\nretain_age 90\n')
  assert.deepEqual(conf.retention, { count: 5, bytes: 20 * 2 ** 30, ageDays: 90 })
  for (const line of ['retain_count 0', 'retain_count -1', 'retain_bytes 20GB', 'retain_age 1w'])
    assert.match(messages(refuse(line))[0] ?? '', /Invalid kdump config value/, line)
})

test('the access log may be required; a relative path, or another word, is refused', () => {
  assert.deepEqual(parse('access_log /var/crash/access.log').conf.accessLog, {
    ...{ file: '/var/crash/access.log', isRequired: false },
  })
  assert.equal(parse('access_log /l required').conf.accessLog.isRequired, true)
  for (const value of ['log', '/l always', '/l required now']) refuse(`access_log ${value}`)
  assert.equal(parse('auto_report no').conf.autoReport, false)
  refuse('auto_report off')
  assert.equal(parse('sign_key /etc/k').conf.signKey, '/etc/k')
  refuse('sign_key k')
})
