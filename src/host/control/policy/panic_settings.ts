// What turns a hang or an error into a panic, and with it into a dump. One row a sysctl.
// Source: Documentation/admin-guide/sysctl/kernel.rst, kernel-parameters.txt, include/linux/sysrq.h.

/** One sysctl below kernel/. */
export interface PanicSetting {
  /** Name below kernel/. */
  readonly name: string
  /** What it does when it is on. */
  readonly meaning: string
  /** What suits a machine that is to leave dumps, and why. */
  readonly recommended: string
  readonly reason: string
  /** Values that serve as well as the recommended one. */
  readonly isGood: (value: string) => boolean
  /** Least and greatest value. */
  readonly min: number
  readonly max: number
  /** Words of the kernel's command line that set it: the value it then has, undefined for other words. */
  readonly onCmdline: (word: string) => string | undefined
  /** Sysctls below kernel/ without which it does nothing, and what they must not be. */
  readonly needs: readonly (readonly [name: string, notValue: string])[]
  /** Kernel configuration it is part of. */
  readonly config: string
}

/** SYSRQ_ENABLE_DUMP: with it alt-sysrq-c crashes the machine from its keyboard or serial console. */
const SYSRQ_ENABLE_DUMP = 0x8
const SECONDS_MAX = 2_147_483_647

const isOn = (value: string): boolean => Number(value) > 0

/** `name=VALUE`. */
const named =
  (key: string) =>
  (word: string): string | undefined =>
    word.startsWith(`${key}=`) ? word.slice(key.length + 1) : undefined
/** `name` alone. */
const bare =
  (key: string) =>
  (word: string): string | undefined =>
    word === key ? '1' : undefined
const never = (): undefined => undefined

const ON = { recommended: '1', isGood: isOn, min: 0, max: 1, needs: [] } as const

/** All of them, the most useful first. */
export const PANIC_SETTINGS: readonly PanicSetting[] = [
  {
    ...ON,
    name: 'panic_on_oops',
    meaning: 'panic when the kernel has hit a bug in itself',
    reason: 'after an oops the machine goes on with broken data, and nothing is left to examine',
    onCmdline: (word) => (word === 'oops=panic' ? '1' : undefined),
    config: 'always there',
  },
  {
    ...ON,
    name: 'softlockup_panic',
    meaning: 'panic when a CPU has run in the kernel for 2 × watchdog_thresh without scheduling',
    reason: 'a machine that hangs leaves a dump instead of waiting for its reset button',
    onCmdline: named('softlockup_panic'),
    needs: [
      ['soft_watchdog', '0'],
      ['watchdog_thresh', '0'],
    ],
    config: 'CONFIG_SOFTLOCKUP_DETECTOR',
  },
  {
    ...ON,
    name: 'hardlockup_panic',
    meaning: 'panic when a CPU no longer takes interrupts for watchdog_thresh seconds',
    reason: 'a machine that hangs leaves a dump instead of waiting for its reset button',
    onCmdline: (word) =>
      /^nmi_watchdog=(?:\w+,)*panic\b/.test(word)
        ? '1'
        : /^nmi_watchdog=(?:\w+,)*nopanic\b/.test(word)
          ? '0'
          : undefined,
    needs: [
      ['nmi_watchdog', '0'],
      ['watchdog_thresh', '0'],
    ],
    config: 'CONFIG_HARDLOCKUP_DETECTOR',
  },
  {
    ...ON,
    name: 'panic_on_rcu_stall',
    meaning: 'panic when a CPU holds up RCU for rcu_cpu_stall_timeout seconds',
    reason: 'callbacks pile up behind a stall until memory is gone',
    onCmdline: never,
    config: 'CONFIG_RCU_STALL_COMMON',
  },
  {
    ...ON,
    name: 'unknown_nmi_panic',
    meaning: 'panic on an NMI that nobody knows: the button or command of a service processor',
    reason: "an NMI from outside (ipmitool chassis power diag, the cloud's console) takes a dump",
    onCmdline: bare('unknown_nmi_panic'),
    config: 'x86',
  },
  {
    ...ON,
    name: 'panic_on_unrecovered_nmi',
    meaning: 'panic on an NMI for a memory error or one of unknown reason',
    reason: 'memory that failed is not worth going on with',
    onCmdline: never,
    config: 'x86',
  },
  {
    ...ON,
    name: 'panic_on_io_nmi',
    meaning: 'panic on an NMI for an error of the I/O bus',
    reason: 'the state of the device is lost',
    onCmdline: never,
    config: 'x86',
  },
  {
    ...ON,
    name: 'hung_task_panic',
    meaning: 'panic when a task has been blocked for hung_task_timeout_secs',
    recommended: '0',
    isGood: () => true,
    max: 1_000_000,
    reason: 'a slow disk or an NFS server that is away blocks tasks too: turn it on to hunt a hang',
    onCmdline: named('hung_task_panic'),
    needs: [['hung_task_timeout_secs', '0']],
    config: 'CONFIG_DETECT_HUNG_TASK',
  },
  {
    ...ON,
    name: 'panic_on_warn',
    meaning: 'panic at every WARN()',
    recommended: '0',
    isGood: (value) => value === '0',
    reason: 'warnings are common and harmless: turn it on in a laboratory only',
    onCmdline: (word) => (word === 'panic_on_warn' || word === 'panic_on_warn=1' ? '1' : undefined),
    config: 'always there',
  },
  {
    ...ON,
    name: 'sysrq',
    meaning: 'which sysrq keys work: 1 all, 0 none, else a sum of bits; 8 is the crash key',
    recommended: '1',
    isGood: (value) => value === '1' || (Number(value) & SYSRQ_ENABLE_DUMP) !== 0,
    max: 511,
    reason: 'alt-sysrq-c takes a dump of a machine whose shell no longer answers',
    onCmdline: bare('sysrq_always_enabled'),
    config: 'CONFIG_MAGIC_SYSRQ',
  },
  {
    ...ON,
    name: 'panic',
    meaning:
      'seconds from a panic to the reboot where no capture kernel is loaded; 0 waits forever',
    recommended: '10',
    isGood: (value) => Number(value) !== 0,
    min: -1,
    max: SECONDS_MAX,
    reason: 'a machine that could not take a dump comes back all the same',
    onCmdline: named('panic'),
    config: 'always there',
  },
]
