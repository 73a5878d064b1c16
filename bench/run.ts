// All benchmarks:  make bench, or  bin/node bench/run.ts [VMCORE_ELF [VMLINUX]]
// Ratios are to kbox in the same run; nothing here is a test, and nothing asserts a time.
import { existsSync } from 'node:fs'
import { cachePath, findCachedKernel } from '../scripts/cache.ts'
import { benchFilter } from './filter.ts'
import { benchOpenToBt } from './open_to_bt.ts'

const [
  vmcore = cachePath('dumps', '6.1', 'vmcore.elf'),
  vmlinux = findCachedKernel('6.1')?.vmlinux ?? '',
] = process.argv.slice(2)

if (!existsSync(vmcore)) {
  console.error(
    `bench: ${vmcore} does not exist: 'make test' crashes a kernel and keeps its vmcore there`,
  )
  process.exit(1)
}
if (!existsSync('/usr/bin/time')) {
  console.error('bench: needs GNU time: apt-get install time')
  process.exit(1)
}
benchOpenToBt(vmcore, vmlinux)
benchFilter(vmcore)
