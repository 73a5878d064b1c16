// Names as kallsyms of many builds have them, and the one name that they are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normaliseName } from './normalise_name.ts'

const NAMES: readonly (readonly [name: string, normal: string])[] = [
  ['ext4_writepages', 'ext4_writepages'],
  ['check_object.part.0', 'check_object'],
  ['hub_read.isra.0.cold', 'hub_read'],
  ['hub_read.constprop.12', 'hub_read'],
  ['hub_read.llvm.13374712345678901234', 'hub_read'],
  ['hub_read.lto_priv.0', 'hub_read'],
  ['hub_read.localalias', 'hub_read'],
  ['__pfx_hub_read', 'hub_read'],
  ['__x64_sys_write', 'sys_write'],
  ['__ia32_compat_sys_ioctl', 'sys_ioctl'],
  ['__arm64_sys_write', 'sys_write'],
  ['__do_sys_write', 'sys_write'],
  ['__se_sys_write', 'sys_write'],
  ['ksys_write', 'sys_write'],
  ['SyS_write', 'sys_write'],
  ['__sys_sendmsg', '__sys_sendmsg'],
  ['v1.2_read', 'v1.2_read'],
  ['_ZN4core3fmt5write17h0123456789abcdefE', 'core::fmt::write'],
  ['_RNvCs1234_7mycrate3foo', 'mycrate::foo'],
]

test('what compilers and wrappers add is cut', () => {
  for (const [name, normal] of NAMES) assert.equal(normaliseName(name), normal)
})

test('a normal name stays as it is', () => {
  for (const [, normal] of NAMES)
    if (/^\w+$/.test(normal)) assert.equal(normaliseName(normal), normal)
})
