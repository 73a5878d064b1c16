// Real programs: one that ends, one that fails, one that does not end, one that is not there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCommand } from './run_command.ts'

test('a program is told with its status and all it printed', async () => {
  const { status, output } = await runCommand(
    ['sh', '-c', 'echo out; echo err >&2; exit 3'],
    60_000,
  )
  assert.equal(status, 3)
  assert.deepEqual(output.split('\n').toSorted(), ['err', 'out'])
})

test('a program that does not end is killed, even if a child of its own keeps the pipe', async () => {
  const { status, output } = await runCommand(
    ['sh', '-c', 'echo begun; sleep 1000 & sleep 1000'],
    300,
  )
  assert.equal(status, -1)
  assert.match(output, /no end after 0 s/)
})

test('a program that is not there is an error, not an exception', async () => {
  const { status, output } = await runCommand(['/no/such/program'], 1000)
  assert.equal(status, -1)
  assert.match(output, /ENOENT/)
})
