// kdump.conf by text: each case is a file's content and what must come of it, or kdumpctl's words and the place.
// P-numbers are those of the project's list of cases taken from kdump-utils' own tests.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatProblemPlace, parseKdumpConf, type ConfProblem } from './kdump_conf.ts'
import type { KdumpConf } from './kdump_conf_model.ts'

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
  assert.deepEqual(conf.targets, [{ kind: 'path' }])
  assert.equal(conf.path, '/var/crash')
  assert.deepEqual(conf.coreCollector, { codec: 'lzo', dumpLevels: [31], messageLevel: 7 })
  assert.equal(conf.failureAction, 'reboot')
  assert.equal(conf.finalAction, 'reboot')
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
    const { conf } = parse(
      `auto_reset_crashkernel yes\npath /var/crash\ncore_collector ${collector}\n`,
    )
    assert.deepEqual(conf.coreCollector.dumpLevels, [31])
  }
})

test("the guide's file is accepted, its old directives understood", () => {
  const text =
    'path /var/crash\ncore_collector makedumpfile -c --message-level 1 -d 31\ndisk_timeout 30\ndefault reboot\n'
  const { conf, warnings } = parse(text)
  assert.deepEqual(conf.coreCollector, { codec: 'zlib', dumpLevels: [31], messageLevel: 1 })
  assert.equal(conf.deviceTimeoutSeconds, 30)
  assert.deepEqual(messages(warnings), [
    'Deprecated kdump config option: disk_timeout. Refer to kdump.conf manpage for alternatives.',
    "Option 'default' was renamed 'failure_action' and will be removed in the future.",
  ])
})

test('P4: deprecated options are named so, with what to write instead', () => {
  const errors = refuse('net my.nfs.server:/export\nlink_delay 60\n')
  assert.deepEqual(messages(errors), [
    'Deprecated kdump config option: net. Refer to kdump.conf manpage for alternatives.',
    'Deprecated kdump config option: link_delay. Refer to kdump.conf manpage for alternatives.',
  ])
  assert.equal(errors[0]?.remedy, "write 'nfs host:/export'")
  assert.equal(refuse('net user@host')[0]?.remedy, "write 'ssh user@host'")
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

test('what would send the dump elsewhere is refused, never dropped', () => {
  for (const line of [
    'nfs h:/e',
    'ssh u@h',
    'raw /dev/vdb',
    'kdump_pre /bin/true',
    'dracut_args --mount "a b c d"',
  ]) {
    const option = line.split(' ')[0]
    assert.deepEqual(messages(refuse(line)), [`not supported yet: option '${option}'`])
  }
})

test('what changes nothing about a local dump is a warning', () => {
  assert.deepEqual(messages(parse('sshkey /root/.ssh/id\n').warnings), [
    "not supported yet: option 'sshkey' is ignored",
  ])
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
    'makedumpfile parameter check failed: not supported yet: makedumpfile -E',
  )
  assert.equal(error?.column, 'core_collector makedumpfile -l -E'.indexOf('-E') + 1)
})

test('a path that climbs out of the target is refused', () => {
  assert.deepEqual(messages(refuse('path /var/../../etc\n')), [
    "Invalid kdump config value for option 'path'",
  ])
})
