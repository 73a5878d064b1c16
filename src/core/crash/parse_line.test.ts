// Lines as people type them, and what the shell makes of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLine, splitCommands } from './parse_line.ts'

const words = (text: string): readonly string[] => {
  const line = parseLine(text)
  assert(line.kind === 'command')
  return line.words
}

test('a line is words, and its output goes to the screen', () => {
  assert.deepEqual(parseLine('  bt -a  1 '), {
    kind: 'command',
    words: ['bt', '-a', '1'],
    sink: { kind: 'screen' },
  })
})

test('a pipe takes the rest of the line as it is', () => {
  const line = parseLine(`log | grep -i 'panic|oops' > out`)
  assert(line.kind === 'command')
  assert.deepEqual(line.sink, { kind: 'pipe', command: `grep -i 'panic|oops' > out` })
})

test('output is redirected, or appended', () => {
  const sink = (text: string): unknown => {
    const line = parseLine(text)
    assert(line.kind === 'command')
    return line.sink
  }
  assert.deepEqual(sink('ps > /tmp/x'), { kind: 'file', path: '/tmp/x', append: false })
  assert.deepEqual(sink('ps >>"/tmp/a b"'), { kind: 'file', path: '/tmp/a b', append: true })
  assert.throws(() => parseLine('ps >'), { message: 'nothing behind >' })
})

test('operators of C are not redirections', () => {
  assert.deepEqual(words('p init_task.cred->uid'), ['p', 'init_task.cred->uid'])
  assert.deepEqual(words('p (1 | 2)'), ['p', '(1 | 2)'])
  assert.deepEqual(words('p a || b'), ['p', 'a', '||', 'b'])
})

test('parentheses and quotes keep a word together', () => {
  assert.deepEqual(words('p ((struct list_head *)init_task)->next'), [
    'p',
    '((struct list_head *)init_task)->next',
  ])
  assert.deepEqual(words(`foreach 'event.*' task -R "a b"`), [
    'foreach',
    'event.*',
    'task',
    '-R',
    'a b',
  ])
  assert.deepEqual(words("p 1+'a'"), ['p', "1+'a'"])
  assert.throws(() => parseLine("foreach 'ev"), { message: "unclosed '" })
})

test('shell commands, scripts, comments and empty lines are told apart', () => {
  assert.deepEqual(parseLine('!ls | wc'), { kind: 'shell', command: 'ls | wc' })
  assert.deepEqual(parseLine('< cmds'), { kind: 'script', path: 'cmds' })
  assert.deepEqual(parseLine('# ps'), { kind: 'empty' })
  assert.deepEqual(parseLine('   '), { kind: 'empty' })
})

test('-c text is split at semicolons and newlines outside quotes', () => {
  assert.deepEqual(splitCommands('bt; ps -k;\nlog | awk "{print;}"'), [
    'bt',
    'ps -k',
    'log | awk "{print;}"',
  ])
})

test('js takes the rest of the line as it is, pipes and quotes included', () => {
  assert.deepEqual(parseLine(`js task.comm + "'" | 1 > 2`), {
    kind: 'js',
    code: `task.comm + "'" | 1 > 2`,
  })
  assert.deepEqual(parseLine('js'), { kind: 'js', code: '' })
  assert.deepEqual(splitCommands(`js 'a;b'; 1\nps; bt`), [`js 'a;b'; 1`, 'ps', 'bt'])
})
