// Configuration files of every dialect, damaged: a parser answers with settings or with problems that have a place in the
// file. It throws nothing, and what it accepts can be written and read again.
import assert from 'node:assert/strict'
import type { ConfResult } from '../../src/host/control/config/conf_builder.ts'
import { parseCoreCollector } from '../../src/host/control/config/core_collector.ts'
import { DIALECTS } from '../../src/host/control/config/dialects/dialects.ts'
import { redHat } from '../../src/host/control/config/dialects/red_hat.ts'
import { parseAssignments } from '../../src/host/control/config/dialects/shell_assignments.ts'
import { parseKdumpSysconfig } from '../../src/host/control/config/kdump_sysconfig.ts'
import { parseSysctl } from '../../src/host/control/policy/sysctl_files.ts'
import { splitArguments } from '../../src/host/control/config/split_arguments.ts'
import { fuzz } from '../support/fuzz.ts'
import type { Random } from '../support/mutate.ts'

const KDUMP_CONF = [
  'path /var/crash',
  'core_collector makedumpfile -F -l --message-level 7 -d 1,31 --num-threads 2',
  'ext4 LABEL="my dumps"',
  'xfs UUID=03138356-5e61-4ab3-b58e-27507ac41937',
  'nfs [2001:db8::1:2:3:4]:/export/tmp',
  'ssh user@2001:db8::1:2:3:4',
  'net ssh user@sshserver',
  'raw /dev/vg/lv_kdump',
  'http https://host:8443/folder',
  'http_token /etc/token',
  'fallback nfs host:/export',
  'fallback path',
  'sshkey /root/.ssh/kdump_id_rsa # a comment',
  'failure_action shell',
  'default mount_root_run_init',
  'kdump_pre /var/crash/scripts/kdump-pre.sh',
  'dracut_args --omit-drivers "cfg80211 snd" --mount "UUID=ab /mnt ext4 rw"',
  'options bonding mode=1 miimon=100',
  'disk_timeout 30',
  'fence_kdump_nodes node1 node2',
]
const SUSE = [
  'KDUMP_SAVEDIR="sftp://user@host:22/var/crash"',
  'KDUMP_SAVEDIR="nfs://[2001:db8::1]/export"',
  'KDUMP_DUMPLEVEL=31',
  "KDUMP_DUMPFORMAT='lzo'",
  'MAKEDUMPFILE_OPTIONS="--num-threads 4"',
  'KDUMP_COMMANDLINE_APPEND="a=\\"b c\\""',
  'KDUMP_PRESCRIPT="/usr/bin/a"',
  'KDUMP_CPUS=$KDUMP_DUMPLEVEL',
  'KEXEC_OPTIONS="-a"',
]
const DEBIAN = [
  'USE_KDUMP=1 # yes',
  'KDUMP_COREDIR="/var/crash"',
  'MAKEDUMP_ARGS="-F -c -d 31"',
  'NFS="host:/export"',
  'NFS_TIMEO="600"',
  'SSH="user@host"',
  'KDUMP_FAIL_CMD="echo \'failed\'; /bin/bash; reboot -f"',
  'KDUMP_CMDLINE_APPEND+=" nr_cpus=1"',
  'export KDUMP_KERNEL=/boot/vmlinuz',
]
const SYSCONFIG = [
  'KDUMP_COMMANDLINE_REMOVE="hugepages quiet"',
  'KDUMP_COMMANDLINE_APPEND="irqpoll"',
  'KDUMP_COMMANDLINE_APPEND+=" nr_cpus=2"',
  'KEXEC_ARGS="-s"',
]
/** What parsers stumble over. */
const PIECES = [
  ...['"', "'", '\\', '\\\n', '$', '${', '$(', '`', '#', '=', '+=', ';', '\n', '\r\n', '\0', '\t'],
  ...['..', '/', ':', '@', '[', ']', '%DATE', '-', '--', '99999999999999999999', '-1', '\u{1F4A5}'],
  ...['A', '$A', 'A=$A$A$A$A\n', '%HOST-%DATE', 'é', '\u2028', '__proto__ ', 'constructor '],
]

/** Some lines in any order, and damage in them. */
function damagedText(lines: readonly string[], random: Random): string {
  const chosen = Array.from({ length: random.below(6) + 1 }, () => random.pick(lines))
  let text = `${chosen.join('\n')}\n`
  for (let count = random.below(5); count > 0; count--) {
    const at = random.below(text.length + 1)
    const length = random.below(3) === 0 ? random.below(12) : 0
    const piece = random.pick(PIECES)
    if (random.edit(() => `${JSON.stringify(piece)} at ${at} for ${length} characters`))
      text = text.slice(0, at) + piece + text.slice(at + length)
  }
  return text
}

/** Problems lie in the file; settings have lines of it. */
function checkPlaces(result: ConfResult, text: string): void {
  const lines = text.split('\n').length
  const problems = result.ok ? result.warnings : [...result.errors, ...result.warnings]
  for (const { line, column, message, remedy } of problems) {
    assert.ok(line >= 1 && line <= lines, `${message}: line ${line} of ${lines}`)
    assert.ok(column >= 1, `${message}: column ${column}`)
    assert.notEqual(message, '')
    assert.notEqual(remedy, '')
  }
  if (!result.ok) return
  for (const line of result.lines.values()) assert.ok(line >= 1 && line <= lines)
}

/** Whatever was accepted can be written in every dialect; as kdump.conf it is read as the same. */
function checkWritable(result: ConfResult): void {
  if (!result.ok) return
  for (const dialect of DIALECTS) {
    const text = dialect.format(result)
    const again = dialect.parse(text)
    if (dialect !== redHat) continue
    assert.ok(again.ok, `${text}${JSON.stringify(again)}`)
    assert.deepEqual(again.conf.coreCollector, result.conf.coreCollector)
    if (text.includes('no way to write') || text.includes('no counterpart')) continue
    assert.equal(again.conf.path, result.conf.path)
    assert.deepEqual(
      again.conf.targets.map((target) => ({ ...target, line: 0 })),
      result.conf.targets.map((target) => ({ ...target, line: 0 })),
    )
  }
}

const TEXTS: Readonly<Record<string, readonly string[]>> = {
  'kdump.conf': KDUMP_CONF,
  suse: SUSE,
  debian: DEBIAN,
}

fuzz('kdump configurations of every dialect', {}, (random) => {
  const dialect = random.pick(DIALECTS)
  const text = damagedText(TEXTS[dialect.name] ?? [], random)
  const result = dialect.parse(text)
  checkPlaces(result, text)
  checkWritable(result)
})

fuzz('files of shell assignments', {}, (random) => {
  const text = damagedText([...SUSE, ...DEBIAN, ...SYSCONFIG], random)
  const result = parseAssignments(text)
  if (!result.ok) assert.ok(result.problem.line >= 1 && result.problem.column >= 1)
  checkPlaces(parseKdumpSysconfig(text), text)
})

fuzz('collectors, arguments and sysctl files', {}, (random) => {
  const text = damagedText([KDUMP_CONF[1] ?? '', 'makedumpfile -cE -d 31', 'scp -q'], random)
  const result = parseCoreCollector(text)
  if (!result.ok) assert.ok(result.problem.index >= 0 && result.problem.index <= text.length)
  for (const { index, text: word } of splitArguments(text) ?? [])
    assert.ok(index + word.length <= text.length + 1)
  for (const { line } of parseSysctl(text, 'x')) assert.ok(line >= 1)
})
