// The generated file is sourced by a real bash and asked what it offers.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { formatCompletion } from './completion.ts'
import { VERBS } from './verbs.ts'

const FILE = 'packaging/completion/kbox'

function complete(...words: readonly string[]): string[] {
  const script = `. ${FILE}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _kbox; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n')
}

test('the completion is what the verbs generate', () => {
  assert.equal(readFileSync(FILE, 'utf8'), formatCompletion(VERBS))
})

test('verbs, then their options, then files are offered', () => {
  assert.deepEqual(complete('kbox', 'sto'), ['stop'])
  assert.ok(!complete('kbox', '').includes('capture'), 'internal verbs are left out')
  assert.deepEqual(complete('kbox', 'status', '--j'), ['--json'])
  assert.deepEqual(complete('kbox', 'status', 'package-l'), ['package-lock.json'])
})
