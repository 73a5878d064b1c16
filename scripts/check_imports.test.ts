// The table of allowed edges on trees given as text, with the exact messages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkImports, EDGES } from './check_imports.ts'
import { parseSourceTree } from './source_tree.ts'

const check = (sources: Record<string, string>): string[] => checkImports(parseSourceTree(sources))

test('a folder must not import one below it', () => {
  assert.deepEqual(
    check({ 'src/core/dump/elf.ts': "// x\nimport { a } from '../program/memory.ts'\n" }),
    ['src/core/dump/elf.ts:2: core/dump must not import core/program'],
  )
})

test('kernel and arch do not know each other', () => {
  const sources = {
    'src/core/kernel/sched.ts': "import type { Arch } from '../arch/arch.ts'\n",
    'src/core/arch/x86_64.ts': "export { a } from '../kernel/sched.ts'\n",
  }
  assert.deepEqual(check(sources), [
    'src/core/kernel/sched.ts:1: core/kernel must not import core/arch',
    'src/core/arch/x86_64.ts:1: core/arch must not import core/kernel',
  ])
})

test('crash and diagnose yield data: neither renders, nor leans on the other', () => {
  const sources = {
    'src/core/crash/commands/ps.ts': "import { r } from '../../report/render/text.ts'\n",
    'src/core/diagnose/rules/oom.ts': "import { ps } from '../../crash/commands/ps.ts'\n",
  }
  assert.deepEqual(check(sources), [
    'src/core/crash/commands/ps.ts:1: core/crash must not import core/report',
    'src/core/diagnose/rules/oom.ts:1: core/diagnose must not import core/crash',
  ])
})

test('core knows no Node, no host, and of packages only what codec may use', () => {
  const text = `import fs from 'node:fs'
import { mmap } from '../../host/platform/mmap.ts'
import { unzlibSync } from 'fflate'
`
  assert.deepEqual(
    check({ 'src/core/io/source.ts': text, 'src/core/codec/zlib.ts': "import 'fflate'\n" }),
    [
      'src/core/io/source.ts:1: core/io must not import node:fs',
      'src/core/io/source.ts:2: core/io must not import host/platform',
      'src/core/io/source.ts:3: core/io must not import fflate',
    ],
  )
})

test('koffi is for host/platform, and host folders see those above them', () => {
  const sources = {
    'src/host/platform/syscalls.ts': "import koffi from 'koffi'\nimport 'node:fs'\n",
    'src/host/control/load/kexec.ts':
      "import koffi from 'koffi'\nimport '../../capture/supervisor.ts'\nimport '../../rehearse/guest.ts'\n",
  }
  assert.deepEqual(check(sources), [
    'src/host/control/load/kexec.ts:1: host/control must not import koffi',
    'src/host/control/load/kexec.ts:3: host/control must not import host/rehearse',
  ])
})

test('ui sees core only', () => {
  assert.deepEqual(
    check({
      'src/ui/page.ts':
        "import '../core/kernel/sched.ts'\nimport '../cli/main.ts'\nimport 'node:fs'\n",
    }),
    ['src/ui/page.ts:2: ui must not import cli', 'src/ui/page.ts:3: ui must not import node:fs'],
  )
})

test('dynamic imports, types and worker addresses are imports too', () => {
  const text = `export const load = () => import('../kernel/sched.ts')
export type Task = import('../crash/command.ts').Command
export const worker = new URL('../report/render.ts', import.meta.url)
`
  assert.deepEqual(check({ 'src/core/base/lazy.ts': text }), [
    'src/core/base/lazy.ts:1: core/base must not import core/kernel',
    'src/core/base/lazy.ts:2: core/base must not import core/crash',
    'src/core/base/lazy.ts:3: core/base must not import core/report',
  ])
})

test('tests keep to the folders, but may use Node, packages and test/', () => {
  const text = `import { test } from 'node:test'
import fc from 'fast-check'
import { kernel } from '../../../test/support/kernel_builder.ts'
import { ps } from '../crash/commands/ps.ts'
`
  assert.deepEqual(
    check({ 'src/core/kernel/sched.test.ts': text, 'src/core/kernel/sched.ts': text }),
    [
      'src/core/kernel/sched.test.ts:4: core/kernel must not import core/crash',
      'src/core/kernel/sched.ts:1: core/kernel must not import node:test',
      'src/core/kernel/sched.ts:2: core/kernel must not import fast-check',
      'src/core/kernel/sched.ts:3: core/kernel must not import test/support/kernel_builder.ts',
      'src/core/kernel/sched.ts:4: core/kernel must not import core/crash',
    ],
  )
})

test('a file outside every folder of the table is reported', () => {
  assert.deepEqual(check({ 'src/misc/a.ts': '', 'src/main.ts': '' }), [
    'src/misc/a.ts:1: lies in no folder of the table in scripts/check_imports.ts',
    'src/main.ts:1: lies in no folder of the table in scripts/check_imports.ts',
  ])
})

test('the table has no cycle: folders can be put in an order where each sees only those before it', () => {
  const left = new Map(Object.entries(EDGES).map(([folder, { folders }]) => [folder, folders]))
  const sees = (folders: readonly string[], name: string): boolean =>
    folders.some((folder) => folder === name || name.startsWith(`${folder}/`))
  for (;;) {
    const free = [...left].find(
      ([, folders]) => ![...left.keys()].some((name) => sees(folders, name)),
    )
    if (!free) break
    left.delete(free[0])
  }
  assert.deepEqual([...left.keys()], [])
})
