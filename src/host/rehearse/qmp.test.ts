// A fake QEMU at the other end of an in-memory pipe speaks the protocol; what the client makes of it is looked at.
import assert from 'node:assert/strict'
import { duplexPair, type Duplex } from 'node:stream'
import { test } from 'node:test'
import { QmpClient, type QmpEvent } from './qmp.ts'

const GREETING = '{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": []}}\r\n'

/** Answers every command with what `answer` makes of it. */
function fakeQemu(socket: Duplex, answer: (command: string, id: number) => string): void {
  socket.write(GREETING)
  socket.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trim().split('\n')) {
      const { execute, id }: { execute: string; id: number } = JSON.parse(line)
      const reply =
        execute === 'qmp_capabilities' ? `{"return": {}, "id": ${id}}\n` : answer(execute, id)
      if (reply !== '') socket.write(reply)
    }
  })
}

async function connect(answer: (command: string, id: number) => string) {
  const [ours, theirs] = duplexPair()
  const events: QmpEvent[] = []
  fakeQemu(theirs, answer)
  const client = await QmpClient.open(ours, (event) => events.push(event))
  return { client, theirs, events }
}

test('a command returns its result, even when answers come split and out of order', async () => {
  const late: string[] = []
  const { client, theirs } = await connect((command, id) => {
    const reply = `{"return": "${command}", "id": ${id}}\n`
    if (command === 'first') {
      late.push(reply)
      return ''
    }
    setImmediate(() => {
      theirs.write(reply.slice(0, 9))
      setImmediate(() => theirs.write(reply.slice(9) + late.join('')))
    })
    return ''
  })
  const first = client.execute('first')
  assert.equal(await client.execute('second'), 'second')
  assert.equal(await first, 'first')
})

test('events reach the listener and are kept', async () => {
  const { client, events } = await connect(
    (_, id) =>
      `{"event": "SHUTDOWN", "data": {"reason": "guest-reset"}}\n{"return": {}, "id": ${id}}\n`,
  )
  await client.execute('anything')
  assert.deepEqual(events, [{ event: 'SHUTDOWN', data: { reason: 'guest-reset' } }])
  assert.deepEqual(client.events, events)
})

test("a refused command fails with QEMU's own words", async () => {
  const { client } = await connect(
    (_, id) => `{"error": {"class": "CommandNotFound", "desc": "no such command"}, "id": ${id}}\n`,
  )
  await assert.rejects(client.execute('dance'), {
    code: 'ERR_HOST',
    message: 'QEMU refused dance: no such command',
  })
})

test('a command that is never answered fails at its time limit', async () => {
  const { client } = await connect(() => '')
  await assert.rejects(client.execute('wait', {}, 20), {
    errno: 'ETIMEDOUT',
    message: 'QEMU did not answer wait',
  })
})

test('commands fail, waiting and later ones, once QEMU has gone', async () => {
  const { client, theirs } = await connect(() => '')
  const waiting = client.execute('wait')
  theirs.end()
  await assert.rejects(waiting, /QEMU closed its QMP connection/)
  await assert.rejects(client.execute('late'), /QEMU closed its QMP connection/)
})

test('what is not QMP ends the connection with an error that shows it', async () => {
  const [ours, theirs] = duplexPair()
  theirs.write('HTTP/1.1 400 Bad Request\r\n')
  await assert.rejects(
    QmpClient.open(ours, () => undefined),
    { code: 'ERR_FORMAT', message: /not JSON: HTTP\/1\.1 400/ },
  )
})
