// Classes of pages on the vmcores that test/vm left in the cache: sums against the crashed kernels' own counters, the
// layout of struct page from types against VMCOREINFO, and makedumpfile's counts.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { cachePath } from '../../scripts/cache.ts'
import { TypeFacts } from '../../src/core/debuginfo/type_facts.ts'
import { VmcoreInfo } from '../../src/core/debuginfo/vmcoreinfo.ts'
import { openDump } from '../../src/core/dump/formats.ts'
import { checkProblems, failedClasses, verifyClasses } from '../../src/host/capture/class_checks.ts'
import type { PfnRun } from '../../src/core/dump/dump_format.ts'
import { dumpPages, type DumpPages } from '../../src/host/capture/dump_pages.ts'
import {
  CACHE,
  CACHE_PRIVATE,
  EXCLUDE_CACHE,
  EXCLUDE_FREE,
  EXCLUDE_USER,
  FREE,
  HWPOISON,
  OFFLINE,
  USER,
} from '../../src/host/capture/exclude/page_class.ts'
import { readKernelCounters } from '../../src/host/capture/kernel_counters.ts'
import { type KernelFacts, readKernelFacts } from '../../src/host/capture/kernel_facts.ts'
import { KernelMemory } from '../../src/host/capture/kernel_memory.ts'
import { readMemMaps } from '../../src/host/capture/mem_map.ts'
import { filterPages, type FilterResult } from '../../src/host/capture/page_filter.ts'
import { type PageLayout, readPageLayout } from '../../src/host/capture/page_layout.ts'
import { imageFrames, ownFrames } from '../../src/host/capture/protect_kernel.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'

const SERIES = ['6.1', '6.12', 'sid'] as const
const LEVELS = [0, 1, 2, 4, 8, 16, 31]
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-compat-'))
after(() => fs.rmSync(folder, { recursive: true }))

interface Kernel {
  readonly info: VmcoreInfo
  readonly pages: DumpPages
  readonly memory: KernelMemory
  readonly facts: KernelFacts
  readonly layout: PageLayout
  filter(level: number, layout?: PageLayout, own?: readonly PfnRun[]): FilterResult
  /** EXCLUDE_ bits of what failed. */
  failed(result: FilterResult, layout?: PageLayout): number
}

function withKernel(file: string, run: (kernel: Kernel) => void): void {
  using source = openFileSource(file)
  using dump = openDump(source)
  const info = VmcoreInfo.parse(dump.vmcoreinfo ?? new Uint8Array())
  const pages = dumpPages(dump)
  const memory = new KernelMemory(dump, pages, info)
  const facts = readKernelFacts(memory, info)
  const read = (address: bigint, into: Uint8Array): void => memory.read(address, into)
  const maps = readMemMaps(info, pages.pfnEnd, true, read, facts.types)
  const layout = readPageLayout(info, facts.types)
  const counters = readKernelCounters(facts)
  assert.ok(counters)
  run({
    info,
    pages,
    memory,
    facts,
    layout,
    filter: (level, other = layout, own = []) =>
      filterPages({ pages, maps, layout: other, memory }, { level, own }),
    failed(result, other = layout) {
      return failedClasses(verifyClasses(result, counters, other, pages.pageSize))
    },
  })
}

/** VMCOREINFO with one line changed. */
function lying(info: VmcoreInfo, key: string, value: string): VmcoreInfo {
  assert.ok(info.entries.has(key), key)
  const lines = Array.from(info.entries, ([name, old]) => `${name}=${name === key ? value : old}`)
  return new VmcoreInfo(lines.join('\n'))
}

/** Lies that no two of our kernels would tell in truth, and what must not be left out for them. */
const LIES = [
  ['NUMBER(PG_lru)', '0', EXCLUDE_CACHE],
  ['NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)', '-1025', EXCLUDE_FREE],
  ['OFFSET(page.mapping)', '32', EXCLUDE_USER],
  ['OFFSET(page.private)', '32', EXCLUDE_FREE],
  ['OFFSET(page._mapcount)', '52', EXCLUDE_FREE],
] as const

for (const series of SERIES) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const skip = !fs.existsSync(vmcore) && `${vmcore} is missing: npm run vm makes it`
  describe(series, { skip }, () => {
    test('types and VMCOREINFO agree on struct page', () => {
      withKernel(vmcore, ({ facts, layout }) => {
        assert.deepEqual(facts.problems, [])
        assert.ok(facts.types instanceof TypeFacts)
        assert.deepEqual(layout.disputes, [])
        assert.notEqual(layout.reserved, 0)
      })
    })

    test('class sums are what the kernel counted, at any level', () => {
      withKernel(vmcore, ({ filter, facts, layout, pages }) => {
        const counters = readKernelCounters(facts)
        assert.ok(counters)
        for (const level of LEVELS) {
          const checks = verifyClasses(filter(level), counters, layout, pages.pageSize)
          assert.deepEqual(checkProblems(checks), [])
          const names = checks.map(({ name }) => name)
          for (const name of ['free', 'slab', 'lru', 'lru of files', 'anonymous', 'hugetlb'])
            assert.ok(names.includes(name), name)
        }
      })
    })

    test('nothing that the kernel maps for itself is left out', () => {
      withKernel(vmcore, ({ filter, facts, layout, memory, pages }) => {
        const map = memory.readKernelMap()
        const image = imageFrames(facts, (address) => memory.toPhysical(address), pages.pageSize)
        assert.ok(image.length > 3)
        const own = ownFrames({ map, image }, pages.pfnEnd)
        assert.equal(filter(31, layout, own).protectedFrames, 0)
      })
    })

    for (const [key, value, classes] of LIES) {
      test(`VMCOREINFO lies about ${key}: types catch it, and without them class sums do`, () => {
        withKernel(vmcore, ({ info, facts, filter, failed }) => {
          const lie = lying(info, key, value)
          const checked = readPageLayout(lie, facts.types)
          const disputed = checked.disputes.reduce((bits, dispute) => bits | dispute.classes, 0)
          // The value of a page type is a macro before 6.11, which types do not tell.
          const isUnknown = series === '6.1' && key.includes('MAPCOUNT_VALUE')
          assert.equal(disputed & classes, isUnknown ? 0 : classes)
          const trusting = readPageLayout(lie)
          assert.equal(failed(filter(31, trusting), trusting) & classes, classes)
        })
      })
    }

    for (const { name, command } of peers('makedumpfile')) {
      test(`${name} counts the same, or is wrong by the kernel's counters`, () => {
        const theirs = theirCounts(command, vmcore)
        withKernel(vmcore, ({ filter, facts }) => {
          const ours = filter(31).counts
          const counts = [CACHE, CACHE_PRIVATE, USER, FREE, HWPOISON, OFFLINE].map(
            (pageClass) => ours[pageClass] ?? 0,
          )
          if (theirs.join() === counts.join()) return
          // What was seen: slabs (1.7.2 on 6.12), and tails of slabs where compound_info marks them (1.7.8 on 7.2), are
          // taken for user data.
          const counters = readKernelCounters(facts)
          const mapped = counters?.node('NR_ANON_MAPPED') ?? 0
          // Huge pages of hugetlbfs are user data as well where a process has them.
          const isRight = (user = 0): boolean =>
            user >= mapped * 0.99 && user <= mapped * 1.01 + (counters?.hugetlb ?? 0)
          assert.ok(isRight(counts[2]), `${counts[2]} of ${mapped}`)
          assert.ok(!isRight(theirs[2]), `theirs ${theirs[2]} of ${mapped}`)
        })
      })
    }
  })
}

/** Pages of cache, private cache, user, free, hwpoison and offline, as makedumpfile reports them. */
function theirCounts(command: string, vmcore: string): number[] {
  const file = path.join(folder, 'theirs')
  const result = spawnSync(command, ['-f', '-d', '31', '--message-level', '16', vmcore, file], {
    encoding: 'latin1',
  })
  assert.equal(result.status, 0, result.stderr)
  const lines = result.stdout.match(/^ {4}.* pages +: 0x[0-9a-f]+$/gm) ?? []
  assert.equal(lines.length, 6, result.stdout)
  return lines.map((line) => Number(line.slice(line.indexOf('0x'))))
}
