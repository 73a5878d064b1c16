// Reports as kernels of v4.19, v5.10 and v6.12 print them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOomReports } from './oom_report.ts'
import type { LogLine } from './trouble.ts'

const lines = (texts: readonly string[]): LogLine[] =>
  texts.map((text, index) => ({ text, tsNsec: BigInt(index), level: 4, callerId: undefined }))

const V6_12 = [
  'prefetchd invoked oom-killer: gfp_mask=0x40cc0(GFP_KERNEL|__GFP_COMP), order=2, oom_score_adj=0',
  'CPU: 1 UID: 0 PID: 236 Comm: prefetchd Kdump: loaded Tainted: G           OE      6.12.0 #1',
  'Call Trace:',
  ' <TASK>',
  ' out_of_memory+0x51f/0x520',
  ' ? update_load_avg+0x7e/0x7d0',
  ' prefetch_fill+0x1f/0x40 [lockstep]',
  ' </TASK>',
  'Mem-Info:',
  'oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=nc,pid=221,uid=0',
  'Out of memory: Killed process 221 (nc) total-vm:2260kB, anon-rss:8kB, file-rss:132kB, shmem-rss:4kB, UID:0 pgtables:36kB oom_score_adj:0',
]

test('who asked for how much, and who was killed (v6.12)', () => {
  const [report, ...others] = readOomReports(lines(['before', ...V6_12]))
  assert.deepEqual(others, [])
  assert.ok(report)
  assert.deepEqual(
    [report.start, report.comm, report.pid, report.order, report.gfpMask],
    [1, 'prefetchd', 236, 2, '0x40cc0(GFP_KERNEL|__GFP_COMP)'],
  )
  assert.deepEqual(
    report.trace.map(({ name, module, isReliable }) => [name, module, isReliable]),
    [
      ['out_of_memory', '', true],
      ['update_load_avg', '', false],
      ['prefetch_fill', 'lockstep', true],
    ],
  )
  assert.deepEqual([report.constraint, report.memcg, report.hasNoVictim], ['none', '', false])
  assert.deepEqual(report.victims, [{ pid: 221, comm: 'nc', rssBytes: 144 * 1024, line: 11 }])
})

test('a control group that reached its limit is named (v5.10)', () => {
  const [report] = readOomReports(
    lines([
      'java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-998',
      'oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=web,mems_allowed=0-1,oom_memcg=/web,task_memcg=/web/a,task=java,pid=77,uid=33',
      'Memory cgroup out of memory: Killed process 77 (java (x)) total-vm:10kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:33 pgtables:4kB oom_score_adj:0',
    ]),
  )
  assert.deepEqual([report?.constraint, report?.memcg], ['memcg', '/web'])
  assert.equal(report?.victims[0]?.comm, 'java (x)')
})

test('the wording of before v5.0 is understood', () => {
  const [first, second] = readOomReports(
    lines([
      'httpd invoked oom-killer: gfp_mask=0x6200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null), order=0, oom_score_adj=0',
      'Task in /a/b killed as a result of limit of /a',
      'Memory cgroup out of memory: Kill process 812 (hog) score 900 or sacrifice child',
      'Killed process 812 (hog) total-vm:10kB, anon-rss:3kB, file-rss:0kB, shmem-rss:0kB',
      'sh invoked oom-killer: gfp_mask=0x6200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null), order=0, oom_score_adj=0',
      'Out of memory and no killable processes...',
    ]),
  )
  assert.deepEqual([first?.memcg, first?.victims.length], ['/a', 1])
  assert.deepEqual([second?.hasNoVictim, second?.victims.length], [true, 0])
})

test('bounds other than control groups are told apart', () => {
  const constraint = (name: string): string | undefined =>
    readOomReports(
      lines([V6_12[0] ?? '', `oom-kill:constraint=CONSTRAINT_${name},nodemask=0,cpuset=/`]),
    )[0]?.constraint
  assert.equal(constraint('CPUSET'), 'cpuset')
  assert.equal(constraint('MEMORY_POLICY'), 'mempolicy')
})

test('the largest of the listed tasks is found, with the columns of v5.10 and of v6.12', () => {
  const largest = (rows: readonly string[]): unknown =>
    readOomReports(lines([V6_12[0] ?? '', ...rows]))[0]?.largest
  assert.deepEqual(
    largest([
      '[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name',
      '[    177]     0   177      565      120    45056        0         -1000 sshd',
      '[   1812]    33  1812   123456     5000   450560       12             0 my hog (x)',
    ]),
    { pid: 1812, comm: 'my hog (x)', rssPages: 5000 },
  )
  assert.deepEqual(
    largest([
      '[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name',
      '[    238]     0   238    65000    62208    62000      208         0   540672        0             0 datahog',
    ]),
    { pid: 238, comm: 'datahog', rssPages: 62_208 },
  )
  assert.equal(largest(['[    1.5] nothing']), undefined)
})
