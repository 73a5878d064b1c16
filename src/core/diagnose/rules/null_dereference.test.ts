// Functions of a few instructions that meet NULL: as an argument, a member, a result, an element of an array.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene, type FaultRecipe } from '../../../../test/support/fault_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { nullDereference } from './null_dereference.ts'

const TYPES = `
  struct config { char label[24]; unsigned flags; unsigned rate; u64 window; };
  struct channel { struct list_head link; void *ops; struct config *config; u64 readings @ 56; };
  int apply(struct channel *channel, struct config *config);
  u64 window(struct channel *channel);
  struct config *find_config(int id);
  struct hub { u64 id; struct channel *channels[4]; };
  u64 poll(struct hub *hub, unsigned id);
  u64 poll_list(struct channel **list, unsigned id);
`
const NULL_AT = (address: string): string =>
  `BUG: kernel NULL pointer dereference, address: ${address.padStart(16, '0')}`

function find(recipe: FaultRecipe): Finding[] {
  return [...nullDereference.find(faultScene({ types: TYPES, ...recipe }))]
}

/** mov 0x1c(%rsi),%eax */
const APPLY: FaultRecipe = { code: { apply: '8b461c' }, at: 'apply', log: [NULL_AT('1c')] }

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(nullDereference))
})

test('an argument that is NULL is named with its type and the member', () => {
  const [finding] = find(APPLY)
  assert.equal(
    finding?.title,
    'config (struct config *, argument 2) is NULL: config->rate is read in apply()',
  )
  assert.equal(finding.confidence, 'certain')
  assert.equal(finding.role, 'cause')
  assert.equal(finding.culprit?.function, 'apply')
  assert.match(finding.evidence[0]?.text ?? '', /^apply is `mov 0x1c\(%rsi\),%eax`/)
})

test('without a log the instruction and its registers tell as much', () => {
  const [finding] = find({ ...APPLY, log: [] })
  assert.match(finding?.title ?? '', /^config .* is NULL: config->rate is read/)
})

test('a member that is NULL is named by the way to it, and where it lies', () => {
  // mov 0x18(%rdi),%rdx; mov 0x38(%rdi),%rax; add 0x20(%rdx),%rax
  const [finding] = find({
    code: { window: '488b5718488b473848034220' },
    at: 'window+8',
    registers: { di: '&channel', dx: 0 },
    objects: { channel: ['struct channel'] },
    log: [NULL_AT('20')],
  })
  assert.equal(
    finding?.title,
    'channel->config (struct config *, struct channel.config) is NULL: channel->config->window is read in window()',
  )
  assert.ok(finding.evidence.some(({ text }) => text.endsWith('which holds it still')))
})

test('a member that holds a pointer by now was changed by somebody else', () => {
  const [finding] = find({
    code: { window: '488b5718488b473848034220' },
    at: 'window+8',
    registers: { di: '&channel', dx: 0 },
    objects: { channel: ['struct channel', { config: '&config' }], config: ['struct config'] },
    log: [NULL_AT('20')],
  })
  assert.ok(finding?.evidence.some(({ text }) => text.endsWith('it was changed meanwhile')))
})

test('a result that was not checked is told of the function it came from', () => {
  // The call's displacement is set below; mov 0x1c(%rax),%ecx
  const [finding] = find({
    code: { user: '90e8000000008b481c', find_config: 'c3' },
    at: 'user+6',
    log: [NULL_AT('1c')],
    more(kernel) {
      const to = kernel.addressOf('find_config') - (kernel.addressOf('user') + 6n)
      kernel.write(kernel.addressOf('user') + 2n, 4, BigInt.asUintN(32, to))
    },
  })
  assert.equal(
    finding?.title,
    'what find_config() returned (struct config *) is NULL: find_config()->rate is read in user()',
  )
  assert.match(finding.next[0]?.text ?? '', /when find_config\(\) returns NULL/)
})

test('what container_of() makes of NULL is NULL, not an error', () => {
  // lea -0x10(%rdi),%rax; mov 0x18(%rax),%rcx
  const [finding] = find({
    code: { apply: '488d47f0488b4818' },
    at: 'apply+4',
    registers: { ax: -0x10n, di: 0 },
    log: [NULL_AT('8')],
  })
  assert.match(finding?.title ?? '', /^channel \(struct channel \*, argument 1\) is NULL/)
})

test('an element of an array at NULL is NULL wherever it lies', () => {
  // mov %edx,(%rdi,%rax,4)
  const [finding] = find({
    code: { apply: '891487' },
    at: 'apply',
    registers: { ax: 0x4000 },
    log: ['BUG: unable to handle page fault for address: 0000000000010000'],
  })
  assert.match(finding?.title ?? '', /is NULL: 4 bytes of an array are written in apply\(\)$/)
})

test('a pointer out of an array is told of as its element, and where that lies', () => {
  // mov %esi,%esi; mov 0x8(%rdi,%rsi,8),%rax; mov 0x38(%rax),%rax
  const [finding] = find({
    code: { poll: '89f6488b44f708488b4038' },
    at: 'poll+7',
    registers: { di: '&hub', si: 2 },
    objects: { hub: ['struct hub'] },
    log: [NULL_AT('38')],
  })
  assert.equal(
    finding?.title,
    'hub->channels[id] (struct channel *) is NULL: hub->channels[id]->readings is read in poll()',
  )
  assert.ok(finding.evidence.some(({ text }) => text.endsWith('which holds it still')))
})

test('so is one out of what a pointer leads to, and out of a variable whose type is not known', () => {
  // mov (%rdi,%rsi,8),%rax; mov 0x38(%rax),%rax
  const [finding] = find({
    code: { poll_list: '488b04f7488b4038' },
    at: 'poll_list+4',
    log: [NULL_AT('38')],
  })
  assert.match(
    finding?.title ?? '',
    /^list\[id\] \(struct channel \*\) is NULL: list\[id\]->readings/,
  )
  // and $7,%edi; mov hubs(,%rdi,8),%rax; mov 0x8(%rax),%rax
  const [other] = find({
    code: { user: '83e707' + '488b04fd00000000' + '488b4008' },
    at: 'user+11',
    variables: { hubs: ['void *[8]'] },
    log: [NULL_AT('8')],
    more(kernel) {
      kernel.write(kernel.addressOf('user') + 7n, 4, kernel.addressOf('hubs') & 0xffff_ffffn)
    },
  })
  assert.match(
    other?.title ?? '',
    /^hubs\[\.\.\.\].* is NULL: 8 bytes at offset 0x8 are read in user\(\)$/,
  )
})

test('a small number is told as NULL and an offset, and only likely so without the log', () => {
  const [finding] = find({ ...APPLY, registers: { si: 0x40 }, log: [] })
  assert.match(finding?.title ?? '', /is 0x40, NULL and an offset/)
  assert.equal(finding?.confidence, 'likely')
})

test('a helper that was given NULL is told of in the words of its caller', () => {
  // strlen: movzbl (%rdi),%eax. apply: lea 0x8(%rsi),%rdi; call strlen
  const [finding] = find({
    code: { strlen: '0fb607', apply: '488d7e08' + 'e800000000' },
    at: 'strlen',
    registers: { di: 8 },
    callers: [{ name: 'apply', offset: 9 }, 'kthread'],
    log: [NULL_AT('8')],
    more(kernel) {
      const to = kernel.addressOf('strlen') - (kernel.addressOf('apply') + 9n)
      kernel.write(kernel.addressOf('apply') + 5n, 4, BigInt.asUintN(32, to))
    },
  })
  assert.match(
    finding?.title ?? '',
    /^config \(struct config \*, argument 2\) is NULL: config->label/,
  )
  assert.equal(finding?.culprit?.function, 'apply')
})

test('who has jumped to a helper is told of, with what it gave, not what it was given', () => {
  // strlen: movzbl (%rdi),%eax. apply: mov 0x18(%rdi),%rdi; jmp strlen. user: nop; call apply
  const [finding] = find({
    code: { strlen: '0fb607', apply: '488b7f18' + 'e900000000', user: '90e800000000' },
    at: 'strlen',
    callers: [{ name: 'user', offset: 6 }, 'kthread'],
    log: [NULL_AT('0')],
    more(kernel) {
      const link = (from: bigint, name: string): void => {
        const to = kernel.addressOf(name) - (from + 4n)
        kernel.write(from, 4, BigInt.asUintN(32, to))
      }
      link(kernel.addressOf('apply') + 5n, 'strlen')
      link(kernel.addressOf('user') + 2n, 'apply')
    },
  })
  assert.match(
    finding?.title ?? '',
    /^channel->config \(struct config \*, struct channel.config\) is NULL: channel->config->label\S* is read in apply\(\)$/,
  )
  assert.ok(finding?.evidence.some(({ text }) => text.endsWith('channel->config in apply()')))
  assert.ok(
    finding?.evidence.some(
      ({ text }) => text === 'the way there: strlen() < apply() (jumped on) < user() < kthread()',
    ),
  )
})

test('a helper that has moved its pointer on was given the one it keeps to return', () => {
  // memcpy: mov %rdi,%rax; 1: mov %dl,(%rdi); inc %rdi; jmp 1b. apply: mov 0x18(%rdi),%rdi; call memcpy
  const [finding] = find({
    code: { memcpy: '4889f8' + '8817' + '48ffc7' + 'ebf9', apply: '488b7f18' + 'e800000000' },
    at: 'memcpy+3',
    registers: { di: 0x1c },
    callers: [{ name: 'apply', offset: 9 }, 'kthread'],
    log: [NULL_AT('1c')],
    more(kernel) {
      const to = kernel.addressOf('memcpy') - (kernel.addressOf('apply') + 9n)
      kernel.write(kernel.addressOf('apply') + 5n, 4, BigInt.asUintN(32, to))
    },
  })
  assert.match(finding?.title ?? '', /^channel->config \(.*\) is NULL: channel->config->rate is/)
  assert.ok(
    finding?.evidence.some(({ text }) =>
      text.endsWith('%rdi held 0x1c: channel->config + 0x1c in apply()'),
    ),
  )
})

test('a pointer that is good, and one that is an error, are no finding', () => {
  assert.deepEqual(find({ ...APPLY, registers: { si: -19n }, log: [NULL_AT('9')] }), [])
  const log = ['BUG: unable to handle page fault for address: ffff88800400001c']
  assert.deepEqual(find({ ...APPLY, registers: { si: 0xffff_8880_0400_0000n }, log }), [])
})

test('a fault long before another of another task is told of as earlier', () => {
  const oops = [
    NULL_AT('1c'),
    '#PF: supervisor read access in kernel mode',
    'Oops: 0000 [#1] SMP',
    'CPU: 0 PID: 7 Comm: one Not tainted 6.1.0',
    'RIP: 0010:apply+0x0/0x80',
    'RSP: 0018:ffff888004001000 EFLAGS: 00000246',
    'RAX: 0000000000000000 RBX: 0000000000000000 RCX: 0000000000000000',
    'RDX: 0000000000000000 RSI: 0000000000000000 RDI: 0000000000000000',
    'Call Trace:',
    ' caller+0x10/0x80',
    '---[ end trace 0000000000000000 ]---',
  ].map((text) => ({ text, seconds: 1 }))
  const later = [{ text: NULL_AT('20'), seconds: 99 }]
  const findings = find({
    code: { apply: '8b461c', window: '488b5718488b473848034220' },
    at: 'window+8',
    functions: { apply: 0x80 },
    log: [...oops, ...later],
  })
  assert.deepEqual(
    findings.map(({ role, culprit }) => `${role} ${culprit?.function}`),
    ['earlier apply', 'cause window'],
  )
})
