// All benchmarks:  make bench, or  bin/node bench/run.ts [VMCORE_ELF [VMLINUX]]
// The one of a simulated large machine alone:  bin/node bench/run.ts --terabytes 4
// Ratios are to kbox in the same run; nothing here is a test, and nothing asserts a time.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { cachePath, findCachedKernel } from '../scripts/cache.ts'
import { benchEverything } from './everything.ts'
import { benchFilter } from './filter.ts'
import { benchOpenToBt } from './open_to_bt.ts'
import { benchTerabytes } from './terabytes.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { terabytes: { type: 'string' } },
})
if (!existsSync('/usr/bin/time')) {
  console.error('bench: needs GNU time: apt-get install time')
  process.exit(1)
}
if (values.terabytes !== undefined) benchTerabytes(Number(values.terabytes))
else benchVmcore(positionals)

function benchVmcore([
  vmcore = cachePath('dumps', '6.1', 'vmcore.elf'),
  vmlinux = findCachedKernel('6.1')?.vmlinux ?? '',
]: readonly string[]): void {
  if (!existsSync(vmcore)) {
    console.error(
      `bench: ${vmcore} does not exist: 'make test' crashes a kernel and keeps its vmcore there`,
    )
    process.exit(1)
  }
  benchOpenToBt(vmcore, vmlinux)
  benchEverything(vmcore, vmlinux)
  benchFilter(vmcore)
}
