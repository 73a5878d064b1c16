// docs/cookbook.md: every script runs on every dump, and is compiled against the types of that very kernel; with the name of
// one member spoilt it must not compile.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { buildTypes } from '../../scripts/build.ts'
import { cachePath } from '../../scripts/cache.ts'
import { writeProject } from '../../src/cli/types.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { renderKernelTypes } from '../../src/core/render/render_kernel_types.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { readCookbook } from '../support/cookbook.ts'
import { runScript } from '../support/run_script.ts'

const recipes = readCookbook()
const folder = mkdtempSync(path.join(tmpdir(), 'kbox-cookbook-'))
after(() => rmSync(folder, { recursive: true }))

test('there are twenty worked examples, each with what it prints', () => {
  assert.ok(recipes.length >= 20)
  for (const { title, script, output } of recipes) assert.ok(script && output, title)
})

for (const series of ['6.1', '6.12', 'sid']) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const skip = existsSync(vmcore) ? false : `no ${vmcore}: bin/node scripts/make_dump.ts ${series}`
  describe(`the cookbook, on ${series}`, { skip }, () => {
    for (const { title, script, output } of recipes) {
      test(title, async () => {
        const lines = await runScript(script, vmcore)
        assert.ok(lines.length > 0, 'prints nothing')
        // The sample is of the 6.12 dump as it was once: lines of that form must still be there.
        if (series === '6.12')
          assert.ok(
            lines.some((line) => shape(line) === shape(output)),
            output,
          )
      })
    }

    test('every script compiles against the types of this kernel', () => {
      const project = makeProject(series, vmcore)
      recipes.forEach(({ script }, i) => writeScript(project, i, script))
      assert.equal(compile(project), '')
    })

    test('a member that this kernel does not have is an error of the compiler', () => {
      const project = makeProject(`${series}-spoilt`, vmcore)
      const spoilt = recipes.map(({ script }, i) => {
        const wrong = script.replace(
          /\.(number|bigint|string|pointer|get)\('(?!tasks)([\w.]+)'/,
          ".$1('$2_x'",
        )
        writeScript(project, i, wrong)
        return wrong !== script
      })
      const output = compile(project)
      const caught = recipes.filter((_, i) =>
        new RegExp(
          `^recipe_${i}\\.ts.*is not assignable to parameter of type .*NoSuchMember`,
          'm',
        ).test(output),
      )
      const names = recipes.filter((_, i) => spoilt[i]).map(({ title }) => title)
      assert.deepEqual(
        caught.map(({ title }) => title),
        names,
        output,
      )
      assert.ok(caught.length >= 10, `${caught.length} scripts ask for members`)
    })
  })
}

/** The first line without its words and numbers. */
function shape(text: string): string {
  const [line = ''] = text.split('\n')
  return line
    .replace(/[\w.-]+/g, 'w')
    .replace(/(w[ /]*)+/g, 'w ')
    .trim()
}

function makeProject(name: string, vmcore: string): string {
  const declarations = path.join(folder, 'types')
  if (!existsSync(declarations)) buildTypes(declarations)
  const project = path.join(folder, name)
  const program = openKernel(openFileSource(vmcore))
  const types = `${[...renderKernelTypes(program)].join('\n')}\n`
  writeProject(project, types, path.join(declarations, 'api/kbox.d.ts'))
  return project
}

function writeScript(project: string, index: number, script: string): void {
  writeFileSync(path.join(project, `recipe_${index}.ts`), script)
}

/** What tsc says, '' if all is well; it must say so within ten seconds of a machine at rest. */
function compile(project: string): string {
  const tsc = path.resolve('node_modules/.bin/tsc')
  const { stdout, stderr } = spawnSync(tsc, ['-p', '.'], {
    cwd: project,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return stdout + stderr
}
