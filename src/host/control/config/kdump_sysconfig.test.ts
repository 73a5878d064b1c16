// Red Hat's /etc/sysconfig/kdump by text. The shipped values are those gen-kdump-sysconfig.sh writes for x86_64.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatKdumpSysconfig, isSuseSysconfig, parseKdumpSysconfig } from './kdump_sysconfig.ts'
import { DEFAULT_LOAD_SETTINGS, type LoadSettings } from './load_settings.ts'

const SHIPPED = `# Kernel Version string for the -kdump kernel, such as 2.6.13-1544.FC5kdump
KDUMP_KERNELVER=""
KDUMP_COMMANDLINE=""
KDUMP_COMMANDLINE_REMOVE="hugepages hugepagesz slub_debug quiet log_buf_len swiotlb hugetlb_cma ignition.firstboot cma"
KDUMP_COMMANDLINE_APPEND="novmcoredd hugetlb_cma=0 irqpoll nr_cpus=1 reset_devices"
KEXEC_ARGS="-s"
#KDUMP_BOOTDIR="/boot"
KDUMP_IMG="vmlinuz"
KDUMP_IMG_EXT=""
VMCORE_CREATION_NOTIFICATION="yes"
KDUMP_STDLOGLVL=3
KDUMP_SYSLOGLVL=0
KDUMP_KMSGLOGLVL=0
`

test('the shipped file replaces the words of the architecture', () => {
  const result = parseKdumpSysconfig(SHIPPED)
  assert.ok(result.ok)
  assert.deepEqual(result.warnings, [])
  assert.deepEqual(result.load, {
    ...DEFAULT_LOAD_SETTINGS,
    remove: [
      ...['hugepages', 'hugepagesz', 'slub_debug', 'quiet', 'log_buf_len', 'swiotlb'],
      ...['hugetlb_cma', 'ignition.firstboot', 'cma'],
    ],
    append: 'novmcoredd hugetlb_cma=0 irqpoll nr_cpus=1 reset_devices',
    kexecMode: '-s',
  })
})

test('an empty list of words is a list, an unset one is the default', () => {
  const result = parseKdumpSysconfig('KDUMP_COMMANDLINE_REMOVE=""\n')
  assert.ok(result.ok)
  assert.deepEqual([result.load.remove, result.load.append], [[], undefined])
})

test('words are added with += as a shell adds them', () => {
  const result = parseKdumpSysconfig(
    'KDUMP_COMMANDLINE_APPEND="irqpoll"\nKDUMP_COMMANDLINE_APPEND+=" nr_cpus=2"\n',
  )
  assert.ok(result.ok)
  assert.equal(result.load.append, 'irqpoll nr_cpus=2')
})

test('a file that only adds words leaves those of the architecture in place', () => {
  const result = parseKdumpSysconfig('KDUMP_COMMANDLINE_APPEND+=" nr_cpus=2"\n')
  assert.ok(result.ok)
  assert.deepEqual([result.load.append, result.load.extra], [undefined, 'nr_cpus=2'])
  const load = { ...DEFAULT_LOAD_SETTINGS, extra: 'nr_cpus=2' }
  assert.deepEqual(formatKdumpSysconfig(load), ['KDUMP_COMMANDLINE_APPEND+=" nr_cpus=2"'])
})

test('levels of logging and unknown variables are told, other kexec options too', () => {
  const result = parseKdumpSysconfig('KDUMP_STDLOGLVL=4\nMY=1\nKEXEC_ARGS="--dt-no-old-root -c"\n')
  assert.ok(result.ok)
  assert.equal(result.warnings.length, 3)
  assert.equal(result.load.kexecMode, '-c')
})

test('a command in the file is an error with its place', () => {
  const result = parseKdumpSysconfig('KEXEC_ARGS="-s"\nKDUMP_KERNELVER=$(uname -r)\n')
  assert.ok(!result.ok)
  assert.deepEqual([result.errors[0]?.line, result.errors[0]?.column], [2, 17])
})

test('what is formatted is parsed to the same', () => {
  const load: LoadSettings = {
    ...DEFAULT_LOAD_SETTINGS,
    ...{ kernel: '6.1.0', bootFolder: '/efi', base: 'a="b c"', remove: ['x'], append: 'y z' },
    ...{ kexecMode: '-a', notifiesCreation: false, imageName: 'Image' },
  }
  const result = parseKdumpSysconfig(formatKdumpSysconfig(load).join('\n'))
  assert.ok(result.ok)
  assert.deepEqual(result.load, load)
})

test("SUSE's file of the same name is told by its variables", () => {
  assert.equal(isSuseSysconfig('KDUMP_SAVEDIR="/var/crash"\n'), true)
  assert.equal(isSuseSysconfig(SHIPPED), false)
})
