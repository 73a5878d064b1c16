// A report in which every part has something, for renderers.
import type { Report } from '../../src/core/report/report_model.ts'

type Frame = NonNullable<Report['backtrace']>['frames'][number]

/** A frame at the same place as all others. */
export function reportFrame(name: string | null, more: Partial<Frame> = {}): Frame {
  return {
    function: name,
    offset: name === null ? null : 0x1a,
    module: '',
    ip: '0xffffffff8bd6475a',
    sp: '0xffffca6440013ab0',
    quality: 'exact',
    interrupted: false,
    ...more,
  }
}

const BACKTRACE: NonNullable<Report['backtrace']> = {
  frames: [
    reportFrame('__crash_kexec', { interrupted: true }),
    reportFrame('panic', { quality: 'validated' }),
    reportFrame('bad_write', { module: 'faulty', interrupted: true }),
    reportFrame(null),
  ],
  end: 'lost',
  why: 'no unwind entry',
}

const CULPRIT = { function: 'bad_write', module: 'faulty', taints: 'OE', source: '', unit: '' }

const FINDINGS: Report['findings'] = [
  {
    rule: 'null_dereference',
    kind: 'null-dereference',
    role: 'cause',
    title: 'NULL struct widget * (argument 1) read at size in bad_write [faulty]',
    confidence: 'certain',
    evidence: [
      {
        text: '%rdi is 0, the first argument of bad_write()',
        address: '0xffffffff8bd6475a',
        command: 'dis -r bad_write+26',
        memory: { start: '0xffffffff8bd64740', hex: '488b074885c0740f'.repeat(8) },
      },
    ],
    refutedBy: ['%rdi was changed before the fault'],
    culprit: CULPRIT,
    next: [{ text: 'see who called it', command: 'bt 812' }],
    explains: ['oops'],
    stacks: [],
    fault: 0,
  },
  {
    rule: 'hung_task',
    kind: 'hung-task',
    role: 'earlier',
    title: 'dd waited more than 120 seconds',
    confidence: 'possible',
    evidence: [],
    refutedBy: [],
    culprit: null,
    next: [],
    explains: [],
    stacks: [{ pid: 40, comm: 'dd', address: '0xffff8910c11fc180', backtrace: BACKTRACE }],
    fault: null,
  },
]

type Waits = NonNullable<Report['waits']>

const wait = (
  pid: number,
  on: number,
  seconds: number,
): Waits['groups'][number]['waits'][number] => ({
  task: { pid, comm: `task${pid}` },
  on,
  function: 'mutex_user',
  seconds,
  quality: 'exact',
})

const mutex = (name: string, owner: number): Waits['things'][number] => ({
  kind: 'mutex',
  address: '0xffffffff8c000000',
  name,
  owners: [{ pid: owner, comm: `task${owner}` }],
  ...{ ownerNote: '', ownerQuality: 'exact', device: '' },
})

/** A chain of two locks with many waiters, and a ring of three. */
const WAITS: Waits = {
  total: 46,
  things: [
    mutex('rtnl_mutex', 30),
    mutex('inode lock', 31),
    ...[61, 62, 60].map((owner) => mutex(`ring${owner}`, owner)),
  ],
  groups: [
    {
      count: 3,
      waits: [],
      root: null,
      cycle: [wait(60, 2, 50), wait(61, 3, 49), wait(62, 4, 48)],
    },
    {
      count: 43,
      waits: [
        wait(31, 0, 35),
        ...Array.from({ length: 42 }, (_, index) => wait(100 + index, 1, 30)),
      ],
      root: { on: 0, owner: { pid: 30, comm: 'task30' }, state: 'sleeps in msleep()' },
      cycle: [],
    },
  ],
  problems: [],
}

const STATE: NonNullable<Report['state']> = {
  memory: {
    totalBytes: 536_326_144,
    freeBytes: 100_000_000,
    availableBytes: 200_000_000,
    swapTotalBytes: 0,
    swapFreeBytes: 0,
    shares: [
      { name: 'user (anonymous)', bytes: 336_326_144 },
      { name: 'free', bytes: 100_000_000 },
      { name: 'slab', bytes: 100_000_000 },
    ],
    topProcesses: [
      {
        pid: 40,
        comm: 'hog',
        address: '0xffff8910c11fc180',
        rssBytes: 300_000_000,
        swapBytes: 0,
        oomScoreAdj: 0,
      },
    ],
    topCaches: [
      {
        name: 'dentry',
        address: '0xffff8910c1000000',
        objectBytes: 192,
        objects: 1000,
        bytes: 192_000,
        reclaimable: true,
      },
    ],
    zones: [
      {
        node: 0,
        name: 'DMA32',
        freePages: 24_000,
        minPages: 1000,
        lowPages: 1250,
        highPages: 1500,
        managedPages: 120_000,
      },
    ],
    suspects: ['hog (40) has 56 % of memory'],
  },
  cpus: [
    {
      cpu: 0,
      pid: 0,
      comm: 'swapper/0',
      task: '0xffffffff8c80d940',
      idle: true,
      mode: 'idle',
      function: 'default_idle',
      runSeconds: null,
      queued: 0,
      interruptsOff: null,
      missedNmi: false,
    },
  ],
  blockIo: {
    inFlight: 1,
    requests: [
      {
        address: '0xffff8910c2000000',
        disk: 'vda',
        operation: 'write',
        sector: 2048,
        bytes: 4096,
        ageSeconds: 61.5,
        state: 'in flight',
      },
    ],
  },
  network: {
    devices: [
      {
        name: 'eth0',
        address: '0xffff8910c3000000',
        up: true,
        carrier: true,
        stuckSeconds: null,
        addresses: ['10.0.2.15'],
      },
    ],
    sockets: 12,
  },
  timeline: [
    { seconds: 0, text: 'the kernel starts', kind: 'boot', line: 0 },
    { seconds: 2, text: 'it dies', kind: 'panic', line: 1 },
  ],
  problems: [],
}

/** The report. */
export const WHOLE_REPORT: Report = {
  version: 2,
  verdict: {
    kind: 'null-dereference',
    title: 'NULL struct widget * (argument 1) read at size in bad_write [faulty]',
    confidence: 'certain',
    culprit: CULPRIT,
    finding: 0,
  },
  findings: FINDINGS,
  signature: {
    version: 1,
    strict: 'kbox1-0123456789abcdef0123456789abcdef',
    loose: 'null-dereference in bad_write [faulty]',
    kind: 'null-dereference',
    detail: '',
    frames: ['bad_write [faulty]'],
    dropped: [{ frame: 'panic', why: 'part of dying' }],
  },
  system: {
    release: '6.1.0-56-cloud-amd64',
    kernelVersion: '#1 SMP',
    nodename: 'host1',
    machine: 'x86_64',
    cpus: 2,
    memoryBytes: 536_326_144,
    crashTime: 1_795_388_900,
    uptimeSeconds: 31.995,
    loadAverages: [0.82, 0.19, 0.06],
    taints: 'OE',
    commandLine: 'console=ttyS0',
  },
  crash: {
    kind: 'null-dereference',
    title: 'NULL pointer dereference',
    message: 'BUG: kernel NULL pointer dereference, address: 0000000000000010',
    evidence: '',
    earlier: ['INFO: task dd:1 blocked for more than 120 seconds.'],
    cpu: 1,
    task: {
      pid: 812,
      comm: 'insmod',
      address: '0xffff8910c11fc180',
      kernelThread: false,
      arguments: ['insmod', 'x.ko'],
    },
  },
  faults: [
    {
      fatal: true,
      line: 'BUG: kernel NULL pointer dereference, address: 0000000000000010',
      ip: '0xffffffff8bd6475a',
      function: 'bad_write',
      offset: 0x1a,
      module: 'faulty',
      registers: { ip: '0xffffffff8bd6475a', di: '0x0' },
      code: [
        { address: '0xffffffff8bd64757', bytes: '48 85 c0', text: 'test   %rax,%rax' },
        { address: '0xffffffff8bd6475a', bytes: '48 8b 07', text: 'mov    (%rdi),%rax' },
      ],
    },
  ],
  backtrace: BACKTRACE,
  cpus: [
    { cpu: 1, panicked: true, pid: 812, comm: 'insmod', backtrace: BACKTRACE },
    {
      cpu: 0,
      panicked: false,
      pid: 0,
      comm: 'swapper/0',
      backtrace: { frames: [reportFrame('default_idle')], end: 'end', why: '' },
    },
  ],
  waits: WAITS,
  state: STATE,
  stacks: {
    tasks: 85,
    groups: [
      {
        frames: ['__schedule', 'schedule', 'worker_thread', 'kthread', 'ret_from_fork'],
        count: 60,
        byState: { ID: 60 },
        examples: [{ pid: 5, comm: 'kworker/0:0' }],
      },
      {
        frames: ['__schedule', 'schedule', 'pipe_read', 'vfs_read', 'ksys_read', 'do_syscall_64'],
        count: 24,
        byState: { IN: 24 },
        examples: [{ pid: 50, comm: 'cat' }],
      },
      { frames: [], count: 1, byState: { RU: 1 }, examples: [{ pid: 812, comm: 'insmod' }] },
    ],
    omitted: 0,
  },
  tasks: {
    total: 85,
    processes: 24,
    kernelThreads: 60,
    byState: { RU: 1, ID: 60, IN: 24 },
    list: [
      {
        pid: 812,
        tgid: 812,
        comm: 'insmod',
        state: 'RU',
        cpu: 1,
        kernelThread: false,
        address: '0xffff8910c11fc180',
        stack: 2,
      },
      {
        pid: 50,
        tgid: 50,
        comm: 'cat',
        state: 'IN',
        cpu: 0,
        kernelThread: false,
        address: '0xffff8910c11fd180',
        stack: 1,
      },
    ],
  },
  files: [{ fd: 3, type: 'REG', path: '/tmp/x (deleted)' }],
  modules: [
    {
      name: 'faulty',
      address: '0xffffffffc0100000',
      sizeBytes: 16_384,
      taints: 'OE',
      version: '1.0',
    },
    { name: 'ext4', address: '0xffffffffc0000000', sizeBytes: 900_000, taints: '', version: '' },
  ],
  log: {
    lineCount: 2,
    lines: [
      { time: '1.000000', level: 6, text: 'one' },
      { time: '2.000000', level: 0, text: '\u001b[31mred\u0007' },
    ],
    omitted: 0,
    omittedAt: 0,
    troubles: [{ kind: 'null-dereference', line: 1, lineCount: 1 }],
  },
  completeness: {
    file: 'vmcore',
    fileBytes: 25_381_080,
    format: 'kdump-compressed',
    dumpLevel: 31,
    incomplete: false,
    symbols: 87_347,
    types: true,
    modules: 15,
    problems: [],
  },
  timings: [{ step: 'open', milliseconds: 12.34 }],
}

/** The same of a dump that gave almost nothing. */
export const EMPTY_REPORT: Report = {
  ...WHOLE_REPORT,
  verdict: { kind: 'unknown', title: 'unknown', confidence: null, culprit: null, finding: null },
  findings: [],
  signature: null,
  system: {
    ...WHOLE_REPORT.system,
    nodename: null,
    cpus: null,
    memoryBytes: null,
    crashTime: null,
    uptimeSeconds: null,
    loadAverages: null,
    taints: null,
    commandLine: null,
  },
  crash: {
    ...WHOLE_REPORT.crash,
    kind: 'unknown',
    title: 'unknown',
    message: '',
    earlier: [],
    cpu: null,
    task: null,
  },
  faults: [],
  backtrace: null,
  cpus: null,
  waits: null,
  state: null,
  stacks: null,
  tasks: null,
  files: null,
  modules: null,
  log: null,
  completeness: {
    ...WHOLE_REPORT.completeness,
    incomplete: true,
    symbols: null,
    types: false,
    modules: 0,
    problems: ['log: cannot read virtual address 0xffffffff8d6622c0: page lost: dump is truncated'],
  },
}

/** What a log, a command's name or a file's may hold. */
export const HOSTILE_TEXT = `</script><script>alert(1)</script><img src=x onerror="alert('2')">"'\`&amp;{{}}`

/** A report whose every text is hostile; numbers and words that the types fix are kept. */
export function hostileReport(): Report {
  const spoil = (key: string, value: unknown): unknown =>
    typeof value === 'string' && !KEPT.has(key) ? HOSTILE_TEXT : value
  return JSON.parse(JSON.stringify(WHOLE_REPORT, spoil)) as Report
}

/** Keys whose text is a word of the types, or an address that is parsed. */
const KEPT = new Set([
  ...['kind', 'role', 'confidence', 'quality', 'end', 'mode', 'start', 'hex', 'time'],
  'address',
])
