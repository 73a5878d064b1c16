// Real programs of this machine, and folders of hooks.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { planHooks, type HookConf } from './hook_files.ts'
import { imagePath, programFiles } from './program_files.ts'

const NOTHING: HookConf = {
  hooks: { pre: undefined, post: undefined, emergency: undefined },
  extraBins: [],
  fenceKdumpArgs: '',
  fenceKdumpNodes: [],
}

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-hooks-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function script(name: string, mode = 0o755, text = '#!/bin/sh\n'): string {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

test('kdump_pre comes before pre.d, kdump_post and kdump_emergency after theirs', () => {
  const hooks = { pre: script('pre'), post: script('post'), emergency: script('emergency') }
  for (const kind of ['pre', 'post', 'emergency'])
    for (const name of ['20-b', '10-a']) script(`${kind}.d/${name}`)
  const planned = planHooks({ ...NOTHING, hooks }, '/', folder)
  const names = (kind: 'pre' | 'post' | 'emergency'): string[] =>
    planned.hooks[kind].map(({ file }) => path.relative(folder, `/${file}`))
  assert.deepEqual(names('pre'), ['pre', 'pre.d/10-a', 'pre.d/20-b'])
  assert.deepEqual(names('post'), ['post.d/10-a', 'post.d/20-b', 'post'])
  assert.deepEqual(names('emergency'), ['emergency.d/10-a', 'emergency.d/20-b', 'emergency'])
  assert.deepEqual(
    planned.hooks.pre.map(({ isDecisive }) => isDecisive),
    [true, false, false],
  )
  assert.equal(planned.files.length, 9)
})

test("what is missing or cannot be run is refused in kdumpctl's words, in a *.d folder passed over", () => {
  const pre = path.join(folder, 'none')
  const withPre = (file: string): HookConf => ({
    ...NOTHING,
    hooks: { ...NOTHING.hooks, pre: file },
  })
  assert.throws(() => planHooks(withPre(pre), '/', folder), { message: `Error: ${pre} not found.` })
  const plain = script('plain', 0o644)
  const extra = { ...NOTHING, extraBins: [plain] }
  assert.throws(() => planHooks(extra, '/', folder), {
    message: `Error: ${plain} is not executable.`,
  })
  const skipped = script('post.d/x', 0o644)
  const { hooks, warnings } = planHooks(NOTHING, '/', folder)
  assert.deepEqual([hooks.post, warnings], [[], [`${skipped} is not executable`]])
})

test('a program comes with its loader and libraries, a script with its interpreter', () => {
  const paths = programFiles([script('hook', 0o755, '#!/usr/bin/env -S bash -e\n')]).map(
    (file) => file.path,
  )
  assert.equal(paths[0], imagePath(path.join(folder, 'hook')))
  for (const wanted of [/^usr\/bin\/env$/, /\/bash$/, /ld-linux[^/]*$/, /\/libc\.so\.6$/])
    assert.ok(
      paths.some((file) => wanted.test(file)),
      `${wanted} in ${paths.join(' ')}`,
    )
  assert.equal(new Set(paths).size, paths.length)
})

test("the image's own shell runs scripts for /bin/sh, and its programs keep their place", () => {
  assert.equal(programFiles([script('hook')]).length, 1)
  assert.equal(imagePath('/bin/mount'), 'usr/bin/mount')
  assert.equal(imagePath('/usr/sbin/ip'), 'usr/sbin/ip')
})

test('nodes to be told without the program that tells them are a warning', () => {
  const { fence, warnings } = planHooks({ ...NOTHING, fenceKdumpNodes: ['node2'] }, '/', folder)
  assert.equal(fence, undefined)
  assert.match(warnings.join(), /fence_kdump_send/)
})
