// what: against what drgn's helpers and crash's `kmem ADDRESS` say of the same address.
import assert from 'node:assert/strict'
import { findTask } from '../../../src/core/kernel/sched.ts'
import { stackTrace } from '../../../src/core/kernel/stack.ts'
import type { Program } from '../../../src/core/program/program.ts'
import { defineClaims, drgnClaim, recipeClaim, type Claim, type JsonRow } from './claim.ts'

/** An address by its use; the same in every dump of a kernel of the workload. */
type Place = (program: Program) => bigint

const init = (program: Program): ReturnType<typeof findTask> & object => {
  const task = findTask(program, 1)
  assert.ok(task)
  return task
}

const SIGNAL: Place = (program) => init(program).pointer('signal') + 40n
const FILES: Place = (program) => init(program).pointer('files')
const MM: Place = (program) => init(program).pointer('mm') + 64n
const STACK: Place = (program) => stackTrace(program, init(program)).frames[1]?.sp ?? 0n
const PGD: Place = (program) => init(program).pointer('mm.pgd')

const hex = (address: bigint): string => address.toString(16)
const lineOf =
  (place: Place) =>
  (program: Program): string =>
    `what ${hex(place(program))}`

const row = (rows: readonly JsonRow[], kind: string): JsonRow => {
  const found = rows.find((each) => each.kind === kind)
  assert.ok(found, `no ${kind}`)
  return found
}

const OBJECT = `
info = slab_object_info(prog, %ADDRESS%)
result = [info.slab_cache.name.string_().decode(), str(info.address), info.allocated]`

const slabObject = (name: string, place: Place): Claim =>
  drgnClaim(
    lineOf(place),
    (program) => OBJECT.replace('%ADDRESS%', `0x${hex(place(program))}`),
    ({ rows }, [cache, address, allocated]) => {
      const object = row(rows, 'slab object')
      assert.equal(object.name, cache)
      assert.equal(BigInt(`0x${String(object.start).replace(/^0x/, '')}`), BigInt(address))
      assert.match(object.detail, allocated ? /^allocated/ : /^free/)
    },
    { shows: `what ${name}` },
  )

const said = (
  name: string,
  place: Place,
  check: (rows: readonly JsonRow[], text: string) => void,
): Claim =>
  drgnClaim(
    lineOf(place),
    (program) => `result = identify_address(prog, 0x${hex(place(program))})`,
    ({ rows }, text: string) => check(rows, String(text)),
    { shows: `what ${name}` },
  )

export const what = defineClaims([
  slabObject('SIGNAL', SIGNAL),
  slabObject('FILES', FILES),
  slabObject('MM', MM),
  said(
    'SYMBOL',
    (program) => program.symbol('schedule') + 9n,
    (rows, text) => {
      assert.equal(row(rows, 'symbol').name, 'schedule')
      assert.match(text, /schedule\+0x9/)
    },
  ),
  said('STACK', STACK, (rows, text) => {
    assert.match(text, /stack/)
    const stack = row(rows, 'task stack')
    assert.equal(stack.name, 'PID 1 "init"')
    assert.match(stack.detail, /the return address into \w+$/)
    assert.match(text, new RegExp(`1 \\(init\\) ?\\+0x${Number(stack.offset).toString(16)}`))
  }),
  said('MEMBER', SIGNAL, (rows, text) => {
    assert.match(text, /signal_cache/)
    assert.match(row(rows, 'slab object').detail, /struct signal_struct\.\w+/)
  }),
  drgnClaim(
    lineOf(PGD),
    (program) =>
      `page = virt_to_page(prog, 0x${hex(PGD(program))})\nresult = [page_to_pfn(page).value_(), decode_page_flags(page)]`,
    ({ rows }, [pfn, flags]) => {
      const page = row(rows, 'page')
      assert.equal(page.name, `pfn ${pfn}`)
      for (const flag of /flags ([\w,]+)$/.exec(page.detail)?.[1]?.split(',') ?? [])
        assert.ok(String(flags).includes(`PG_${flag}`), `${flag} in ${flags}`)
    },
    { shows: 'what PAGE_TABLE' },
  ),
  ...[
    ['6b6b6b6b6b6b6b7b', 'POISON_FREE+0x10'],
    ['dead000000000108', 'LIST_POISON1+0x8'],
    ['fffffffffffffff4', 'ERR_PTR(-ENOMEM)'],
    ['6f77206f6c6c6568', '"hello wo"'],
  ].map(([value = '', name]) =>
    recipeClaim(
      `what ${value}`,
      'values that are no addresses, by include/linux/poison.h',
      ({ rows }) => assert.equal(row(rows, 'value').name, name),
    ),
  ),
  recipeClaim(
    (program) => `what ${hex(init(program).bigint('mm.start_code'))}`,
    'the program of init is busybox, mapped by init, and its page is of that file',
    ({ rows }) => {
      const mapping = row(rows, 'user mapping')
      assert.match(mapping.name, /^\//)
      assert.equal(mapping.detail, 'of PID 1 "init"')
      const file = String(mapping.name).split('/').at(-1) as string
      assert.ok(row(rows, 'page').detail.includes(file), row(rows, 'page').detail)
    },
    { shows: 'what USER_ADDRESS', before: ['set 1'] },
  ),
])
