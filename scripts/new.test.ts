// Every skeleton is written into a copy of the sources, where it must compile, pass its own test, and please tidy.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { checkImports } from './check_imports.ts'
import { createFromSkeleton } from './new.ts'
import { parseSourceTree } from './source_tree.ts'
import { tidy } from './tidy.ts'
import { TIDY_RULES } from './tidy/rules.ts'

const KINDS = ['command', 'rule', 'format', 'codec', 'helper']
let root = ''

before(() => {
  root = mkdtempSync(path.join(tmpdir(), 'kbox-new-'))
  for (const part of [
    'src',
    'test/support',
    'scripts',
    'package.json',
    'tsconfig.json',
    'CHANGELOG.md',
  ]) {
    cpSync(part, path.join(root, part), { recursive: true })
  }
  symlinkSync(path.resolve('node_modules'), path.join(root, 'node_modules'))
})

after(() => {
  rmSync(root, { recursive: true })
})

test('each kind writes files that compile, pass their test and please tidy and check_imports', () => {
  const written = KINDS.flatMap((kind) => createFromSkeleton(root, kind, `brand_new_${kind}`))
  const fresh = written.filter((file) => file.includes('brand_new'))
  assert.equal(fresh.length, 2 * KINDS.length)
  const { stdout } = spawnSync('node_modules/.bin/tsc', ['-p', '.'], {
    cwd: root,
    encoding: 'utf8',
  })
  // Only lines about the new files count: what else is wrong in the sources is not their fault.
  assert.deepEqual(
    stdout.split('\n').filter((line) => /brand_?new/i.test(line)),
    [],
  )
  const sources = written
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(path.join(root, file), 'utf8')])
  const tree = parseSourceTree(Object.fromEntries(sources))
  const messages = [...tidy(tree, TIDY_RULES), ...checkImports(tree)]
  assert.deepEqual(
    messages.filter((line) => line.includes('brand_new')),
    [],
  )
  const tests = fresh.filter((file) => file.endsWith('.test.ts'))
  // Node's runner runs nothing while it believes itself inside a test.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const output = execFileSync(process.execPath, ['--test', '--test-isolation=none', ...tests], {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  assert.match(output, /^\S+ fail 0$/m)
  assert.doesNotMatch(output, /^\S+ pass 0$/m)
})

test('a registry gains an import in order and a member at the end, the changelog a line', () => {
  const registry = readFileSync(path.join(root, 'src/core/dump/formats.ts'), 'utf8')
  const imports = [...registry.matchAll(/from '(\.\/.+)'/g)].map(([, specifier]) => specifier)
  assert.ok(imports.includes('./brand_new_format.ts'))
  assert.match(registry, /FORMATS: readonly DumpFormat\[\] = \[[^\]]*,\s+brandNewFormat,?\s*\]/)
  assert.match(
    readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8'),
    /^- Opens brand_new_format dumps\.$/m,
  )
})

test('what cannot be written is refused before anything is touched', () => {
  assert.throws(() => createFromSkeleton(root, 'widget', 'a'), {
    message: "no kind 'widget': expected command, rule, format, codec, helper",
  })
  assert.throws(() => createFromSkeleton(root, 'command', 'NotSnake'), {
    message: "'NotSnake' is not a name in snake_case",
  })
  assert.throws(() => createFromSkeleton(root, 'helper', 'list'), {
    message: 'src/core/kernel/list.ts exists',
  })
})
