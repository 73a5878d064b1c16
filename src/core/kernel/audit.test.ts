// Audit records waiting in two queues of a kernel.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type BuiltKernel, type Placed } from '../../../test/support/kernel_recipe.ts'
import { forEachAuditRecord } from './audit.ts'

const TYPES = `
  struct sk_buff { struct sk_buff *next, *prev; unsigned int len; unsigned char *data; };
  struct sk_buff_head { struct sk_buff *next, *prev; unsigned int qlen; };
  struct nlmsghdr { unsigned int nlmsg_len; unsigned short nlmsg_type; unsigned short nlmsg_flags; unsigned int nlmsg_seq;
    unsigned int nlmsg_pid; char text[48]; };`

function kernel(length: number): BuiltKernel {
  const message = (nlmsg_type: number, text: string, nlmsg_len = 16 + text.length + 1): Placed => [
    'struct nlmsghdr',
    { nlmsg_len, nlmsg_type, text },
  ]
  return buildKernel({
    types: TYPES,
    variables: { audit_hold_queue: ['struct sk_buff_head'], audit_queue: ['struct sk_buff_head'] },
    objects: {
      old: ['struct sk_buff', { data: '&old_data' }],
      first: ['struct sk_buff', { data: '&first_data' }],
      second: ['struct sk_buff', { data: '&second_data' }],
      old_data: message(1300, 'audit(1.0:1): syscall=0'),
      first_data: message(1320, 'audit(2.0:2): '),
      second_data: message(1307, 'audit(3.0:3): cwd="/"', length),
    },
    lists: { audit_hold_queue: ['old'], audit_queue: ['first', 'second'] },
  })
}

test('records come with their type, those held back first', () => {
  assert.deepEqual(
    [...forEachAuditRecord(kernel(16 + 22).program)],
    [
      { type: 1300, text: 'audit(1.0:1): syscall=0' },
      { type: 1320, text: 'audit(2.0:2): ' },
      { type: 1307, text: 'audit(3.0:3): cwd="/"' },
    ],
  )
})

test('a record of absurd length ends the walk after the good ones', () => {
  const seen: number[] = []
  assert.throws(
    () => {
      for (const { type } of forEachAuditRecord(kernel(0x7fff_ffff).program)) seen.push(type)
    },
    { code: 'ERR_CORRUPT' },
  )
  assert.deepEqual(seen, [1300, 1320])
})
