// Names as rustc makes them, and names that only look so.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demangleRust, demangleRustText } from './rust_demangle.ts'

const NAMES: Readonly<Record<string, string>> = {
  _RNvNtCshc5sK6KjdJJ_6kernel5print11call_printk: 'kernel::print::call_printk',
  _RNvMNtCs5_4core3numl3abs: '<i32>::abs',
  _RNvXCsa_1aNtB2_1SNtB2_1T1f: '<a::S as a::T>::f',
  _RINvCsa_3foo3barlRNtB2_1SE: 'foo::bar::<i32, &foo::S>',
  _RNCNvCsa_3foo3bar0: 'foo::bar::{closure#0}',
  _RNCNvCsa_3foo3bars_0: 'foo::bar::{closure#1}',
  _RINvCsa_3foo3barAhj20_FG_UKCRL0_hEuE:
    'foo::bar::<[u8; 32], for<\'a> unsafe extern "C" fn(&\'a u8)>',
  _RINvCsa_3foo3barDNtB2_1Tp1AlEL_TahEE: 'foo::bar::<dyn foo::T<A = i32>, (i8, u8)>',
  _ZN4core3fmt5Write9write_fmt17h0123456789abcdefE: 'core::fmt::Write::write_fmt',
  '_ZN43_$LT$foo..S$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE':
    '<foo::S as core::fmt::Debug>::fmt',
}

for (const [mangled, name] of Object.entries(NAMES)) {
  test(`${name} is found in ${mangled}`, () => assert.equal(demangleRust(mangled), name))
}

test('other names are left alone: C, C++, cut ones', () => {
  for (const name of ['schedule', '_Rhubarb', '_ZN3foo3barE', '_RNvCsa_3foo9ba', '_R', '_RB_'])
    assert.equal(demangleRust(name), undefined)
})

test('references that would make an endless name make none', () => {
  const nested = `_RINvCsa_1a1b${'TB8_'.repeat(50)}E`
  assert.equal(demangleRust(nested), undefined)
})

test('names in a line of a backtrace are replaced', () => {
  assert.equal(
    demangleRustText(' ? _RNvNtCshc5sK6KjdJJ_6kernel5print11call_printk+0x20/0xe0 [rust_panic]'),
    ' ? kernel::print::call_printk+0x20/0xe0 [rust_panic]',
  )
})
