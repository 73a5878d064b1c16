// Source files of functions, found without debug information, against DWARF of the same kernel, read by addr2line.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'
import { forEachBugEntry } from '../../src/core/kernel/bug.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { sourceFile } from '../../src/core/kernel/source_lines.ts'
import type { Program } from '../../src/core/program/program.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'

for (const series of ['6.1', '6.12', 'sid']) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const vmlinux = findCachedKernel(series)?.vmlinux ?? ''
  const skip = [vmcore, vmlinux].every((file) => existsSync(file)) ? false : 'no dump or no vmlinux'

  test(
    `on ${series} a quarter of the functions have a file, 99 of 100 the right one`,
    { skip },
    () => {
      using source = openFileSource(vmcore)
      const program = openKernel(source)
      const functions = [...(program.kernelSymbols?.forEach() ?? [])].filter(
        ({ type, name }) => /^[tT]$/.test(type) && !name.startsWith('__pfx_'),
      )
      const known = functions.flatMap((symbol) => {
        const file = sourceFile(program, symbol)
        return file ? [{ name: symbol.name, address: symbol.address, file: file.file }] : []
      })
      assert.ok(known.length > functions.length * 0.25, `${known.length} of ${functions.length}`)
      const theirs = addr2line(
        program,
        vmlinux,
        known.map(({ address }) => address),
      )
      const wrong = known.filter(({ file }, i) => {
        const { file: theirFile } = theirs[i] as Location
        // What a header defines is compiled into the file that includes it: ours names that one.
        return theirFile !== '??' && !theirFile.endsWith('.h') && !theirFile.endsWith(`/${file}`)
      })
      const few = wrong.slice(0, 10).map(({ name, file }) => `${name}: ${file}`)
      assert.ok(wrong.length < known.length * 0.01, `${wrong.length} are wrong: ${few.join(', ')}`)
    },
  )

  test(`on ${series} BUG() and WARN() are at the lines of DWARF`, { skip }, () => {
    using source = openFileSource(vmcore)
    const program = openKernel(source)
    const bugs = [...forEachBugEntry(program)].filter(({ module }) => module === '')
    const some = bugs.filter((_, i) => i % 20 === 0)
    const theirs = addr2line(
      program,
      vmlinux,
      some.map(({ address }) => address),
    )
    const wrong = some.filter(({ file, line }, i) => {
      const location = theirs[i] as Location
      return !location.file.endsWith(`/${file}`) || Math.abs(location.line - line) > 1
    })
    // A compiler may give a trap the line of a call it was inlined from, or the lines of an expression to another.
    assert.ok(wrong.length < some.length * 0.1, `${wrong.length} of ${some.length}`)
  })
}

interface Location {
  readonly file: string
  readonly line: number
}

/** Files and lines by a vmlinux, which is linked elsewhere than the kernel ran. */
function addr2line(program: Program, vmlinux: string, addresses: readonly bigint[]): Location[] {
  const moved = BigInt(`0x${program.info.string('KERNELOFFSET') ?? '0'}`)
  const input = addresses.map((address) => (address - moved).toString(16)).join('\n')
  const text = execFileSync('addr2line', ['-e', vmlinux], {
    input,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  return text
    .trimEnd()
    .split('\n')
    .map((each) => {
      const [, file = '??', line = '0'] = /^(.*?):(\d+|\?)/.exec(each) ?? []
      return { file, line: Number(line) || 0 }
    })
}
