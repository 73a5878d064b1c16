// A dump whose VMCOREINFO does not locate kallsyms, as before Linux 6.0, with the kernel's vmlinux or System.map beside
// it: real dumps, their real files, and the lines of VMCOREINFO renamed on the way.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'
import { renderText } from '../../src/core/render/render_text.ts'
import { COMMANDS } from '../../src/core/crash/commands.ts'
import { runWords } from '../../src/core/crash/run_command.ts'
import { Session } from '../../src/core/crash/session.ts'
import { readNamelist } from '../../src/core/debuginfo/read_namelist.ts'
import { memorySource } from '../../src/core/io/memory_source.ts'
import type { Source } from '../../src/core/io/source.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { damagedSource } from '../support/damaged_dump.ts'

const COMMANDS_COMPARED = ['bt', 'ps', 'mod', 'files 1']
/** The notes of these dumps lie before the memory. */
const NOTES_END = 1024 * 1024

for (const series of ['6.1', '6.12', 'sid']) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const kernel = findCachedKernel(series)
  const vmlinux = kernel?.vmlinux ?? ''
  const absent = [vmcore, vmlinux].find((file) => !existsSync(file))

  describe(`a ${series} dump without kallsyms`, { skip: absent ? `no ${absent}` : false }, () => {
    if (absent !== undefined) return
    const expected = run(new Session(openKernel(openFileSource(vmcore)), COMMANDS))

    test('alone it finds its own, or says that it has none', () => {
      const program = openKernel(withoutKallsyms(vmcore))
      if (program.kernelSymbols) assert.deepEqual(run(new Session(program, COMMANDS)), expected)
      else assert.match(program.problems[0]?.message ?? '', /kallsyms/)
    })
    for (const name of ['vmlinux', 'System.map']) {
      test(`with ${name} everything is as with its own symbols`, (t) => {
        const source = name === 'vmlinux' ? openFileSource(vmlinux) : systemMap(vmlinux)
        if (!source) return t.skip('no nm to make a System.map with')
        const namelist = readNamelist(source)
        const program = openKernel(withoutKallsyms(vmcore), { namelist })
        assert.deepEqual(program.problems, [])
        assert.deepEqual(run(new Session(program, COMMANDS)), expected)
      })
    }
  })
}

test("another kernel's vmlinux is refused with both build ids, its System.map too", (t) => {
  const vmcore = cachePath('dumps', '6.12', 'vmcore.elf')
  const other = findCachedKernel('6.1')?.vmlinux ?? ''
  if (!existsSync(vmcore) || !existsSync(other)) return t.skip('no dump, or no vmlinux of 6.1')
  const open = (source: Source): unknown =>
    openKernel(openFileSource(vmcore), { namelist: readNamelist(source) })
  assert.throws(
    () => open(openFileSource(other)),
    /build id is [\da-f]{40}, the dump's [\da-f]{40}/,
  )
  const map = systemMap(other)
  if (map)
    assert.throws(() => open(map), /of another kernel: it has \w+ at [\da-f]{16}, the dump at/)
})

/** As the kernel's build makes it: Debian's packages have stubs in its place. @source scripts/mksysmap */
function systemMap(vmlinux: string): Source | undefined {
  const nm = spawnSync('nm', ['-n', vmlinux], { encoding: 'latin1', maxBuffer: 2 ** 30 })
  if (nm.status !== 0) return undefined
  const lines = nm.stdout.split('\n').filter((line) => !/ [aNUw] /.test(line))
  return memorySource(Buffer.from(lines.join('\n'), 'latin1'), 'System.map')
}

/** SYMBOL(kallsyms_…) becomes SYMBOL(xallsyms_…): nothing finds it any more. */
function withoutKallsyms(file: string): Source {
  return damagedSource(openFileSource(file), (start, bytes) => {
    if (start >= NOTES_END) return
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = text.indexOf('SYMBOL(kallsyms_'); at >= 0; at = text.indexOf('SYMBOL(kallsyms_'))
      text[at + 'SYMBOL('.length] = 'x'.charCodeAt(0)
  })
}

function run(session: Session): string[] {
  return COMMANDS_COMPARED.flatMap((line) => [...renderText(runWords(session, line.split(' ')))])
}
