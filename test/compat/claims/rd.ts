// rd: words of memory.
import assert from 'node:assert/strict'
import { getTask } from './task_address.ts'
import { defineClaims, drgnClaim, recipeClaim, sameAsCrash, type Claim } from './claim.ts'
import { presentPage } from './user_truth.ts'

/** TASK stands for PID 1's task_struct, END for an address behind it. */
const ofTask = (line: string): Claim =>
  sameAsCrash(
    (program) => {
      const { address } = getTask(program, 1)
      return line
        .replace('TASK', address.toString(16))
        .replace('END', (address + 0x40n).toString(16))
    },
    {},
    { shows: line },
  )

export const rd = defineClaims([
  ...[
    ...['rd linux_banner 10', 'rd -8 linux_banner 20', 'rd -16 linux_banner 20'],
    ...['rd -32 init_task 9', 'rd -d init_task 9', 'rd -D init_task 9', 'rd -x init_task 4'],
    ...['rd -d -8 linux_banner 20', 'rd -D -16 linux_banner 20', 'rd -D -32 init_task 9'],
    ...['rd -o 8 linux_banner 2', 'rd -R linux_banner 6', 'rd -s super_blocks 2', 'rd -p 100000 2'],
    ...['rd -64 linux_banner 2', 'rd -a linux_banner', 'rd -a linux_banner 30'],
  ].map((line) => sameAsCrash(line)),
  ...['rd TASK -e END', 'rd -S TASK 200', 'rd -SS TASK 200', 'rd -s TASK 200'].map(ofTask),
  drgnClaim(
    (program) => `rd -u ${presentPage(program, 1).toString(16)} 4`,
    (program) => `
task = find_task(prog, 1)
result = [hex(int.from_bytes(access_remote_vm(task.mm, ${presentPage(program, 1)} + i * 8, 8), "little")) for i in range(4)]`,
    ({ rows }, words) =>
      assert.deepEqual(
        rows.flatMap(({ word0, word1 }) => [word0, word1]),
        words,
      ),
    { before: ['set 1'], shows: 'rd -u ADDRESS 4' },
  ),
  recipeClaim(
    'rd -N -16 linux_banner 4',
    'crash shows the characters in swapped order',
    ({ lines }) => assert.match(lines[0] ?? '', /: {2}4c69 6e75 7820 7665 +Linux ve$/),
  ),
  recipeClaim(
    'rd -N -32 linux_banner 2',
    'crash shows the characters in swapped order',
    ({ lines }) => assert.match(lines[0] ?? '', /: {2}4c696e75 78207665 +Linux ve$/),
  ),
  recipeClaim(
    'rd -r banner.bin linux_banner 16',
    'what is written to the file is the shell to see',
    ({ blocks }) =>
      assert.deepEqual(
        blocks.map(({ kind, file }) => [kind, file]),
        [['bytes', 'banner.bin']],
      ),
  ),
])
