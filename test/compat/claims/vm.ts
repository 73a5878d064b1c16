// vm: address spaces. crash's names of flags are those of 2012, so flags are held against the guest's smaps.
import assert from 'node:assert/strict'
import { forEachVma, taskMm, vmaFlags } from '../../../src/core/kernel/mm.ts'
import { findTask, forEachProcess } from '../../../src/core/kernel/sched.ts'
import { vmFlagNames } from '../../../src/core/kernel/vm_flags.ts'
import type { Program } from '../../../src/core/program/program.ts'
import {
  crashClaim,
  defineClaims,
  guestClaim,
  sameAsCrash,
  type Evidence,
  type JsonBlock,
  type JsonRow,
} from './claim.ts'
import { byTask, gdbLines } from './gdb_text.ts'
import { areaOf, largePid, settledProcesses, withoutDeleted } from './user_truth.ts'

const undeleted = (lines: readonly string[]): string[] => lines.map(withoutDeleted)

/** Hundreds of thousands of lines: the first that differs says enough. */
function assertSameLines(ours: readonly string[], theirs: readonly string[]): void {
  assert.ok(theirs.length > 0, 'crash prints nothing')
  const at = ours.findIndex((line, i) => line !== theirs[i])
  if (at >= 0) assert.equal(ours[at], theirs[at], `line ${at}`)
  assert.equal(ours.length, theirs.length)
}

/** What runs JavaScript has millions of pages, and did not stand still. */
const PAGES_MAX = 100_000n

function smallProcesses(program: Program): string {
  const pids = [...forEachProcess(program)]
    .filter((task) => (taskMm(task)?.bigint('total_vm') ?? PAGES_MAX) < PAGES_MAX)
    .map((task) => task.number('pid'))
  return `foreach ${pids.join(' ')} vm -p`
}

const ofInit = (option: string, index: number, key: 'vma' | 'start') => (program: Program) =>
  `vm ${option} ${areaOf(program, 1, index)[key].toString(16)} 1`

const mmOf = (program: Program, pid: number): string =>
  findTask(program, pid)?.pointer('mm').toString(16) ?? ''

/** The two letters of each flag in smaps. @source fs/proc/task_mmu.c show_smap_vma_flags() */
const LETTERS: Readonly<Record<string, string>> = {
  ...{ READ: 'rd', WRITE: 'wr', EXEC: 'ex', SHARED: 'sh', MAYREAD: 'mr', MAYWRITE: 'mw' },
  ...{ MAYEXEC: 'me', MAYSHARE: 'ms', GROWSDOWN: 'gd', PFNMAP: 'pf', LOCKED: 'lo', IO: 'io' },
  ...{ SEQ_READ: 'sr', RAND_READ: 'rr', DONTCOPY: 'dc', DONTEXPAND: 'de', LOCKONFAULT: 'lf' },
  ...{ ACCOUNT: 'ac', NORESERVE: 'nr', HUGETLB: 'ht', SYNC: 'sf', ARCH_1: 'ar', WIPEONFORK: 'wf' },
  ...{ DONTDUMP: 'dd', SOFTDIRTY: 'sd', MIXEDMAP: 'mm', HUGEPAGE: 'hg', NOHUGEPAGE: 'nh' },
  ...{ MERGEABLE: 'mg', UFFD_MISSING: 'um', UFFD_WP: 'uw', UFFD_MINOR: 'ui', DROPPABLE: 'dp' },
  ...{ SEALED: 'sl', SHADOW_STACK: 'ss', MAYBE_GUARD: 'gu', DENYWRITE: 'dw' },
}

const letters = (names: string): string[] =>
  names
    .split('|')
    .map((name) => LETTERS[name] ?? name)
    .sort()

/** VmFlags of the area that begins at an address. */
function flagsAt(smaps: string, start: bigint): string[] {
  const area = smaps
    .split(/\n(?=[\da-f]+-[\da-f]+ )/)
    .find((text) => text.startsWith(start.toString(16).padStart(8, '0')))
  return (/^VmFlags: (.*)$/m.exec(area ?? '')?.[1] ?? '').trim().split(' ').sort()
}

/** Flags of the first area of the large process, and where it begins. */
function areaFlags(program: Program): [flags: bigint, start: bigint] | [] {
  const task = findTask(program, largePid(program))
  const mm = task && taskMm(task)
  for (const vma of mm ? forEachVma(mm) : []) return [vmaFlags(vma), vma.bigint('vm_start')]
  return []
}

/** Rows of a task's tables, those of one shape. */
function rowsOf({ blocks }: Evidence, pid: number, key: string): JsonRow[] {
  const section = blocks.find(({ heading }) => heading?.pid === pid)
  const tables = ((section?.blocks ?? []) as JsonBlock[]).filter(({ kind }) => kind === 'table')
  return tables.flatMap(({ rows }) => (rows as JsonRow[]).filter((row) => row[key] !== undefined))
}

const hex = (text: string): string => BigInt(`0x${text}`).toString(16)

export const vm = defineClaims([
  sameAsCrash('vm 1'),
  sameAsCrash('vm 2'),
  sameAsCrash('vm 1 2'),
  sameAsCrash((program) => `vm ${largePid(program)}`, { ours: undeleted }, { shows: 'vm PID' }),
  crashClaim('foreach user vm', ({ lines }, theirs) => {
    assert.deepEqual(byTask(undeleted(lines)), byTask(theirs))
  }),
  sameAsCrash('vm -p 1'),
  sameAsCrash('vm -p 2'),
  crashClaim(
    (program) => `vm -p ${largePid(program)}`,
    ({ lines }, theirs) => assertSameLines(undeleted(lines), theirs),
    { shows: 'vm -p PID' },
  ),
  sameAsCrash(ofInit('-P', 1, 'vma'), {}, { shows: 'vm -P VMA' }),
  sameAsCrash('vm -P 1234 1'),
  sameAsCrash('vm -m 1', { ours: gdbLines, theirs: gdbLines }),
  sameAsCrash('vm -v 1', { ours: gdbLines, theirs: gdbLines }),
  sameAsCrash('vm -x -m 1', { ours: gdbLines, theirs: gdbLines }),
  sameAsCrash('vm -x -v 1', { ours: gdbLines, theirs: gdbLines }),
  sameAsCrash('vm -d -m 1', { ours: gdbLines, theirs: gdbLines }, { before: ['set radix 16'] }),
  sameAsCrash('vm -R busybox 1'),
  sameAsCrash('vm -R 8000071 1'),
  sameAsCrash(ofInit('-R', 1, 'vma'), {}, { shows: 'vm -R VMA' }),
  sameAsCrash(ofInit('-R', 1, 'start'), {}, { shows: 'vm -R START' }),
  sameAsCrash('vm -R 418000 1'),
  crashClaim('foreach sh vm -R 100173', ({ lines }, theirs) => {
    assert.deepEqual(byTask(undeleted(lines)), byTask(theirs))
  }),
  // crash heads a task without mm by zeros, though it lists the areas of the mm it was given.
  crashClaim(
    (program) => `vm -M ${mmOf(program, 1)} 2`,
    ({ lines, rows, program }, theirs) => {
      assert.equal(rows[0]?.mm, `0x${mmOf(program, 1)}`)
      assert.deepEqual(lines.slice(3), theirs.slice(3))
    },
    { shows: 'vm -M MM' },
  ),
  guestClaim(
    (program) => `vm -f ${areaFlags(program)[0]?.toString(16) ?? ''}`,
    ({ rows, program }, truth) => {
      const smaps = truth.ofProcess(largePid(program), 'smaps')
      const [flags, start] = areaFlags(program)
      assert.equal(BigInt(rows[0]?.flags), flags)
      assert.deepEqual(letters(rows[0]?.names), flagsAt(smaps, start as bigint))
    },
    { shows: 'vm -f FLAGS' },
  ),
  guestClaim('foreach user vm', (evidence, truth) => {
    const settled = settledProcesses(evidence.program, truth)
    assert.ok(settled.length > 3, 'too few processes stood still')
    for (const task of settled) {
      const pid = task.number('pid')
      const maps = truth
        .ofProcess(pid, 'maps')
        .split('\n')
        .filter((line) => line !== '')
      const expected = maps
        .filter((line) => !line.includes('[vsyscall]'))
        .map((line) => /^([\da-f]+)-([\da-f]+) \S+ \S+ \S+ (\d+) *(.*)$/.exec(line) ?? [])
        .map(([, start, end, inode, path]) => [
          hex(start ?? ''),
          hex(end ?? ''),
          inode === '0' ? '' : path,
        ])
      const ours = rowsOf(evidence, pid, 'vma').map(({ start, end, file }) => [
        start.slice(2),
        end.slice(2),
        file,
      ])
      assert.deepEqual(ours, expected)
    }
  }),
  // Names of flags are claimed of vm -f; here every area of a process that stood still has those its smaps had.
  guestClaim('foreach user vm', (evidence, truth) => {
    let compared = 0
    for (const task of settledProcesses(evidence.program, truth)) {
      const pid = task.number('pid')
      const smaps = truth.ofProcess(pid, 'smaps')
      if (smaps === '') continue
      for (const { start, flags } of rowsOf(evidence, pid, 'vma')) {
        const names = vmFlagNames(evidence.program, BigInt(flags)).join('|')
        assert.deepEqual(letters(names), flagsAt(smaps, BigInt(start)), `${pid} ${start}`)
        compared++
      }
    }
    assert.ok(compared > 5, `only ${compared} areas`)
  }),
  guestClaim(
    smallProcesses,
    (evidence, truth) => {
      let compared = 0
      for (const task of settledProcesses(evidence.program, truth)) {
        const pid = task.number('pid')
        const pages = new Map(rowsOf(evidence, pid, 'virtual').map((row) => [row.virtual, row]))
        for (const line of truth.ofProcess(pid, 'pagemap').split('\n')) {
          const [address, entry] = line.split(' ')
          if (!address || !entry) continue
          const page = pages.get(`0x${address}`)
          const value = BigInt(`0x${entry}`)
          if (!page || value >> 62n === 0n) continue
          compared++
          if (value >> 63n) {
            assert.equal(BigInt(page.physical), (value & 0x7f_ffff_ffff_ffffn) * 4096n, line)
          } else {
            assert.equal(page.physical, null, line)
            assert.equal(BigInt(page.offset), (value & 0x7f_ffff_ffff_ffffn) >> 5n, line)
          }
        }
      }
      // A guest short of memory has reclaimed what else they had.
      assert.ok(compared > 20, `only ${compared} pages`)
    },
    { shows: 'foreach user vm -p' },
  ),
])
