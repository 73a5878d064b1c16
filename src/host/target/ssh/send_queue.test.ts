// The queue of writes under way: what is sent again, and in which order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SendQueue } from './send_queue.ts'

const offsetsOf = (queue: SendQueue): number[] => [...queue.send()].map(({ offset }) => offset)

test('writes are cut into pieces, copied, and sent once', () => {
  const queue = new SendQueue(10)
  const bytes = Uint8Array.from({ length: 25 }, (_, i) => i)
  queue.add(100, bytes)
  bytes.fill(0xff)
  const writes = [...queue.send()]
  assert.deepEqual(
    writes.map(({ offset, bytes: { length } }) => [offset, length]),
    [
      [100, 10],
      [110, 10],
      [120, 5],
    ],
  )
  assert.deepEqual([...(writes[2]?.bytes ?? [])], [20, 21, 22, 23, 24])
  assert.deepEqual(offsetsOf(queue), [])
})

test('a write that arrived before an earlier one is sent again with it, behind it', () => {
  const queue = new SendQueue(100)
  for (const at of [0, 50, 0]) queue.add(at, new Uint8Array(10))
  const [first, second, third] = [...queue.send()]
  assert.ok(first && second && third)
  queue.acknowledge(second)
  queue.acknowledge(third)
  assert.equal(queue.acknowledgedEnd, 0)
  queue.sendAgain()
  assert.deepEqual([...queue.send()], [first, second, third])
  for (const write of [first, second, third]) queue.acknowledge(write)
  assert.equal(queue.size, 0)
  assert.equal(queue.acknowledgedEnd, 60)
})

test('what has arrived with all before it is forgotten', () => {
  const queue = new SendQueue(100)
  for (const at of [0, 10, 20]) queue.add(at, new Uint8Array(10))
  const [first] = [...queue.send()]
  assert.ok(first)
  queue.acknowledge(first)
  queue.add(30, new Uint8Array(10))
  assert.deepEqual(offsetsOf(queue), [30])
  queue.sendAgain()
  assert.deepEqual(offsetsOf(queue), [10, 20, 30])
  queue.clear()
  assert.equal(queue.size, 0)
  assert.deepEqual(offsetsOf(queue), [])
})
