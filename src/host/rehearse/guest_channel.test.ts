// Lines as a dying guest may send them.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { GuestChannel, parseGuestMessage } from './guest_channel.ts'

test('a message keeps what it must say, with empty values for what it lacks', () => {
  assert.deepEqual(parseGuestMessage('{"event":"task","pid":7,"stat":"8 (a) b) S 1"}'), {
    event: 'task',
    pid: 7,
    stat: '8 (a) b) S 1',
  })
  assert.deepEqual(parseGuestMessage('{"event":"failed","step":"arm"}'), {
    event: 'failed',
    step: 'arm',
    error: '',
  })
})

test('a guest is told lines, and answers how a command ended', async () => {
  const [ours, guest] = duplexPair()
  const channel = new GuestChannel(ours)
  const heard = once(guest, 'data')
  channel.say('bHM=')
  assert.equal(String((await heard)[0]), 'bHM=\n')
  guest.write('{"event":"ran","code":3,"output":"aGk="}\n')
  const { signal } = new AbortController()
  assert.deepEqual(await channel.next(signal), { event: 'ran', code: 3, output: 'aGk=' })
})

test('garbled and unknown lines are no messages', () => {
  for (const line of [
    '',
    '{"event":"re',
    '[1,2]',
    'null',
    '{"event":"dance"}',
    '{"event":{}}',
    '[    1.0] printk',
  ]) {
    assert.equal(parseGuestMessage(line), undefined, line)
  }
})

test('messages wait for a reader and come in order', async () => {
  const [ours, guest] = duplexPair()
  const channel = new GuestChannel(ours)
  const { signal } = new AbortController()
  guest.write('{"event":"up"}\r\ngarbage\n{"event":"workload","processes":90}\r\n')
  assert.deepEqual(await channel.next(signal), { event: 'up' })
  assert.deepEqual(await channel.next(signal), { event: 'workload', processes: 90 })
})

test('a reader that gives up takes no message with it', async () => {
  const [ours, guest] = duplexPair()
  const channel = new GuestChannel(ours)
  const stop = new AbortController()
  const given = channel.next(stop.signal)
  stop.abort(new Error('deadline'))
  await assert.rejects(given, /deadline/)
  guest.write('{"event":"up"}\n')
  assert.deepEqual(await channel.next(new AbortController().signal), { event: 'up' })
})
