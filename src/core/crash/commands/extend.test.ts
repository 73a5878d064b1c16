// extend, repeat, and the commands that are refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashSession } from '../../../../test/support/crash_session.ts'
import { defineCommand, lines } from '../command.ts'

const echo = defineCommand({
  name: 'echo',
  summary: 'say it again',
  options: {},
  code: ({ operands }) => `console.log(${JSON.stringify(operands.join(' '))})`,
  *run(_, { operands }) {
    yield lines(operands.join(' '))
  },
})

function session(exports: Readonly<Record<string, unknown>>): (line: string) => string[] {
  const { session: own, text } = crashSession()
  own.host = {
    sleep: () => undefined,
    findModule: (name) => `/home/${name}`,
    listModules: () => ['/home/echo.ts'],
    loadModule: () => exports,
  }
  return text
}

test('commands a module exports are there, alone or in an array, until it is unloaded', () => {
  for (const exports of [{ echo }, { commands: [echo, echo] }]) {
    const text = session(exports)
    assert.deepEqual(text('extend echo.ts'), ['/home/echo.ts: loaded'])
    assert.deepEqual(text('echo a b'), ['a b'])
    assert.deepEqual(text('extend'), ['MODULE         COMMANDS', '/home/echo.ts  echo'])
    assert.deepEqual(text('extend echo.ts'), ['extend: /home/echo.ts: already loaded'])
    assert.deepEqual(text('extend -u echo.ts'), ['/home/echo.ts: unloaded'])
    assert.match(text('echo a')[0] ?? '', /command not found/)
  }
})

test('a module that would replace a command, or has none, is refused', () => {
  assert.equal(
    session({ ps: { ...echo, name: 'ps' } })('extend a')[0],
    'extend: /home/a: there is a command ps already',
  )
  assert.equal(session({ x: 1, y: {} })('extend a')[0], 'extend: /home/a: it exports no command')
})

test('where there is no machine to load from, extend says so', () => {
  const { text } = crashSession()
  assert.deepEqual(text('extend a'), ['extend: not supported: loading modules here'])
})

test('repeat runs a command once on a dump, with or without seconds', () => {
  const text = session({})
  assert.deepEqual(text('repeat p 1'), ['$1 = 1'])
  assert.deepEqual(text('repeat -3 p 1'), ['$2 = 1'])
  assert.equal(text('repeat repeat p 1')[0], 'repeat: repeat does not repeat itself')
})

test('wr and gdb are refused, with what to use instead', () => {
  const text = session({})
  assert.deepEqual(text('wr -8 jiffies 1'), [
    'wr: not supported: a dump is not written to: rd reads it',
  ])
  assert.deepEqual(text('gdb x/4x 0'), ['gdb: not supported: there is no gdb inside: use rd'])
})
