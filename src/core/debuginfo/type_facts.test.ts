// Types compiled from C declarations, found without an index and asked in VMCOREINFO's words.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { btfOfC } from '../../../test/support/c_declarations.ts'
import { Btf } from './btf.ts'
import { TypeFacts } from './type_facts.ts'

const TYPES = `
  typedef struct { unsigned long f; } memdesc_flags_t;
  struct pager { int x; };
  struct page { memdesc_flags_t flags; union { struct { void *mapping; }; int count; }; int busy : 1; };
  union page { char c; };
  enum page { NOTHING };
  struct zone { char name[16]; struct page *pages[3]; };
  enum pageflags { PG_locked, PG_lru = 5, PG_alias = 0 };
`

const btf = new Btf('recipe', btfOfC(TYPES).bytes)

test('a few types are found by kind and name, others left out', () => {
  const found = btf.findTypes(['struct page', 'enum page', 'union page', 'struct pag', 'enum zone'])
  assert.deepEqual([...found.keys()].sort(), ['enum page', 'struct page', 'union page'])
  for (const [name, type] of found) {
    const [kind, bare = ''] = name.split(' ')
    assert.equal(type, btf.findType(kind as 'struct' | 'enum' | 'union', bare))
  }
})

const facts = new TypeFacts(
  btf.findTypes(['struct page', 'struct zone', 'enum pageflags', 'struct folio']),
)

test('sizes, offsets, lengths and enumerators are told', () => {
  assert.equal(facts.size('page'), 24)
  assert.equal(facts.offset('page.flags'), 0)
  assert.equal(facts.offset('page.mapping'), 8)
  assert.equal(facts.length('zone.pages'), 3)
  assert.equal(facts.value('pageflags', 'PG_lru'), 5)
  assert.equal(facts.value('pageflags', 'PG_alias'), 0)
  assert.equal(facts.hasEnum('pageflags'), true)
})

test('what a type lacks is undefined', () => {
  assert.equal(facts.size('folio'), undefined)
  assert.equal(facts.offset('folio.page'), undefined)
  assert.equal(facts.offset('page.lru'), undefined)
  assert.equal(facts.offset('page'), undefined)
  assert.equal(facts.offset('page.busy'), undefined, 'a bit field has no offset in bytes')
  assert.equal(facts.length('page.flags'), undefined)
  assert.equal(facts.value('pageflags', 'PG_slab'), undefined)
  assert.equal(facts.value('pagetype', 'PG_lru'), undefined)
  assert.equal(facts.hasEnum('pagetype'), false)
})
