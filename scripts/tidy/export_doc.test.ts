// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { exportDoc } from './export_doc.ts'

test('exports of every kind are asked for a TSDoc comment', () => {
  const text = `// Some file of ours.
export function f() {}
export class C {}
export interface I {}
export type T = 1
// Not TSDoc.
export const value = 1
`
  assert.deepEqual(tidyText(exportDoc, { 'src/a.ts': text }), [
    'src/a.ts:2: export f has no TSDoc comment (export_doc)',
    'src/a.ts:3: export C has no TSDoc comment (export_doc)',
    'src/a.ts:4: export I has no TSDoc comment (export_doc)',
    'src/a.ts:5: export T has no TSDoc comment (export_doc)',
    'src/a.ts:7: export value has no TSDoc comment (export_doc)',
  ])
})

test('documented exports pass, and what is no declaration or no export', () => {
  const text = `/** Do. */
export function f(a: string): void
export function f(a: number): void
export function f(a: unknown): void {}
export { b } from './b.ts'
const hidden = 1
`
  assert.deepEqual(tidyText(exportDoc, { 'src/a.ts': text }), [])
})

test('one comment documents a run of C constants, up to the next blank line', () => {
  const text = `import './b.ts' // no comment of A's

export const A = 0

// include/linux/sched.h
export const TASK_RUNNING = 0
export const TASK_DEAD = 0x80

export const LOST = 1
`
  assert.deepEqual(tidyText(exportDoc, { 'src/a.ts': text }), [
    'src/a.ts:3: export A has no TSDoc comment (export_doc)',
    'src/a.ts:9: export LOST has no TSDoc comment (export_doc)',
  ])
})

test('in a layout file the first line documents the C constants, not the structs', () => {
  const text =
    '// elf.h, System V ABI.\nimport "./b.ts"\n\nexport const PT_LOAD = 1\n\nexport const ehdr = 2\n'
  assert.deepEqual(tidyText(exportDoc, { 'src/elf_layout.ts': text }), [
    'src/elf_layout.ts:6: export ehdr has no TSDoc comment (export_doc)',
  ])
})

test('members of registries and KObject tags speak for themselves', () => {
  const text = `export const ps = defineCommand({ name: 'ps' })
export const lzo: Codec = { name: 'lzo' }
export type Task = KObject<'task_struct'>
export type Pair = KObject<'a'> | null
`
  assert.deepEqual(tidyText(exportDoc, { 'src/a.ts': text }), [
    'src/a.ts:4: export Pair has no TSDoc comment (export_doc)',
  ])
})
