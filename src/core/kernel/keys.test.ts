// A tree of keys as 5.10 and 6.12 lay them out: the newer kernel's has a time of last use, and the payload's head another type.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Value } from '../../../test/support/encode_value.ts'
import { buildKernel, type Placed } from '../../../test/support/kernel_recipe.ts'
import type { Program } from '../program/program.ts'
import { forEachKey, keyTypeName, userKeyPayload } from './keys.ts'

const COMMON = `
  struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right; struct rb_node *rb_left; };
  struct rb_root { struct rb_node *rb_node; };
  struct list_head { struct list_head *next, *prev; };
  struct callback_head { struct callback_head *next; void *func; };
  struct key_type { const char *name; unsigned long def_datalen; };
  union key_payload { void *rcu_data0; void *data[4]; };
`
const LAYOUTS = {
  '5.10': `${COMMON}
  struct key { int usage; int serial; union { struct list_head graveyard_link; struct rb_node serial_node; };
    unsigned short datalen; struct key_type *type; char *description; union key_payload payload; };
  struct user_key_payload { struct callback_head rcu; unsigned short datalen; char data[]; };`,
  '6.12': `${COMMON}
  struct key { int usage; int serial; union { struct list_head graveyard_link; struct rb_node serial_node; };
    long last_used_at; unsigned short datalen;
    union { struct { unsigned long hash; struct key_type *type; char *description; }; };
    union { union key_payload payload; struct { struct list_head name_link; }; }; };
  struct user_key_payload { struct callback_head rcu; unsigned short datalen; char data[]; };`,
}

function plant(types: string, changes: Record<string, Value> = {}): Program {
  const key = (name: string, node: Record<string, Value>, more: Record<string, Value>): Placed => [
    'struct key',
    { serial: name.length, serial_node: node, ...more },
  ]
  return buildKernel({
    types,
    variables: { key_serial_tree: ['struct rb_root', { rb_node: '&password.serial_node' }] },
    objects: {
      user: ['struct key_type', { name: 'user' }],
      keyring: ['struct key_type', { name: 'keyring' }],
      logon: ['struct key_type', { name: 'logon' }],
      secret: ['struct user_key_payload', { datalen: 11 }],
      password: key(
        'password',
        { __rb_parent_color: 1, rb_left: '&ring.serial_node', rb_right: '&token.serial_node' },
        { type: '&user', payload: { data: ['&secret'] }, ...changes },
      ),
      ring: key('ring', { __rb_parent_color: '&password.serial_node' }, { type: '&keyring' }),
      // Its instantiation failed: -ENOKEY stands where its payload would.
      token: key(
        'token',
        { __rb_parent_color: '&password.serial_node' },
        { type: '&logon', payload: { data: [-126] } },
      ),
    },
  }).program
}

for (const [release, types] of Object.entries(LAYOUTS)) {
  test(`keys are found with their types, and what the password is (${release})`, () => {
    const program = plant(types)
    const keys = [...forEachKey(program)]
    assert.deepEqual(keys.map(keyTypeName), ['keyring', 'user', 'logon'])
    const payloads = keys.map((key) => userKeyPayload(key))
    assert.deepEqual(
      payloads.map((payload) => payload?.size),
      [undefined, 11, undefined],
    )
    const [, found] = payloads
    assert.ok(found)
    const head = found.key.get('payload').get('data').at(0).pointer()
    assert.equal(found.address, head + BigInt(program.offsetof('struct user_key_payload', 'data')))
  })
}

test('a key without a type, or without a payload, has no bytes', () => {
  for (const changes of [{ type: 0 }, { payload: { data: [0] } }]) {
    const [, key] = [...forEachKey(plant(LAYOUTS['6.12'], changes))]
    assert.ok(key)
    assert.equal(userKeyPayload(key), undefined)
  }
})

test('a kernel without a key service says so', () => {
  const { program } = buildKernel({ types: LAYOUTS['6.12'], variables: {}, objects: {} })
  assert.throws(() => [...forEachKey(program)], { code: 'ERR_NOT_FOUND' })
})
