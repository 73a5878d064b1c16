// Crashes kernels of the cache and keeps what test/compat and bench/ work on, unless that was done before:
//   bin/node scripts/make_dump.ts 6.1 6.12 sid      512 MB each; any kernel that scripts/fetch_kernel.ts knows
//   bin/node scripts/make_dump.ts 6.1-large         4 GB, for bench/
//   bin/node scripts/make_dump.ts 6.12-tasks        3 GB with 20,000 tasks and 100,000 open files, for bench/scale.ts
// Prints each folder: a raw vmcore.elf, the vmcore kbox made of the same memory, and truth/, the guest's own /proc.
import { makeRawDump } from '../test/support/raw_dump.ts'
import { makeScaleDump } from '../test/support/scale_dump.ts'

for (const series of process.argv.slice(2)) {
  try {
    const [, name = '', size] = /^(.*?)(?:-(large|tasks))?$/.exec(series) ?? []
    if (size === 'tasks') console.log(await makeScaleDump(name))
    else console.log(await makeRawDump(name, size === 'large' ? 'large' : 'small'))
  } catch (error) {
    console.error(`make_dump: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
