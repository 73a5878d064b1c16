// Nothing needed is filtered out: a dump at level 31 against the vmcore of the same crash, read by us and by drgn. Of
// drgn, every task with its stack, every module, and the allocated objects of some slab caches.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'

const KBOX = path.resolve(import.meta.dirname, '../../bin/kbox')
/** Debian 12's drgn cannot unwind 6.4 and later. */
const DRGN = cachePath('peers', 'sid', 'drgn')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-filtered-'))
after(() => fs.rmSync(folder, { recursive: true }))

const SCRIPT = `
from drgn.helpers.linux.module import for_each_module
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.slab import for_each_slab_cache, slab_cache_for_each_allocated_object
for task in for_each_task(prog):
    print('task', task.pid.value_(), task.comm.string_())
    try:
        for frame in prog.stack_trace(task):
            print(hex(frame.pc))
    except Exception as error:
        print(type(error).__name__)  # a zombie has given its stack back
for module in for_each_module(prog):
    print('module', module.name.string_())
for cache in for_each_slab_cache(prog):
    if cache.name.string_() not in (b'task_struct', b'mm_struct', b'signal_cache', b'filp'):
        continue  # all of them take minutes
    print('slab', cache.name.string_(), sum(1 for _ in slab_cache_for_each_allocated_object(cache, 'char')))
`
const script = path.join(folder, 'walk.py')
fs.writeFileSync(script, SCRIPT)

for (const series of ['6.1', '6.12', 'sid']) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const skip = !fs.existsSync(vmcore) && `${vmcore} is missing: npm run vm makes it`
  describe(`${series} at level 31`, { skip }, () => {
    const filtered = path.join(folder, series)
    const dump = (): string => {
      if (!fs.existsSync(filtered)) {
        const options = ['makedumpfile', '-z', '-d', '31', '--message-level', '4']
        execFileSync(KBOX, [...options, vmcore, filtered])
      }
      return filtered
    }

    test('our task list, modules and stacks are those of the whole vmcore', () => {
      const read = (file: string): string =>
        spawnSync(KBOX, ['crash', '-s', file, '-c', 'ps; mod; foreach bt'], { encoding: 'latin1' })
          .stdout
      const whole = read(vmcore)
      assert.match(whole, /^PID: 1 /m)
      assert.equal(read(dump()), whole)
    })

    const vmlinux = findCachedKernel(series)?.vmlinux ?? ''
    const canWalk = fs.existsSync(DRGN) && fs.existsSync(vmlinux)
    const reason = !canWalk && 'needs drgn of sid and the vmlinux'
    test('drgn finds the same tasks, stacks, modules and slab objects', { skip: reason }, () => {
      const walk = (file: string): string =>
        execFileSync(DRGN, ['-q', '-s', vmlinux, '-c', file, script], {
          encoding: 'latin1',
          stdio: ['ignore', 'pipe', 'ignore'],
        })
      const whole = walk(vmcore)
      assert.match(whole, /^slab b'task_struct' [1-9]/m)
      assert.equal(walk(dump()), whole)
    })
  })
}
