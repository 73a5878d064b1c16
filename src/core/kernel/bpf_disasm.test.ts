// Instructions byte by byte, as bpftool and the kernel's selftests write them down.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forEachBpfInstruction, type BpfNames } from './bpf_disasm.ts'

const NAMES: BpfNames = {
  constant: (value) => (value === 0x1122334455667788n ? 'map[id:7]' : undefined),
  helper: (imm) => (imm === 42 ? 'bpf_map_lookup_elem' : undefined),
}

function text(hex: string): string[] {
  const bytes = new Uint8Array(
    (hex.match(/[\da-f]{2}/g) ?? []).map((byte) => Number.parseInt(byte, 16)),
  )
  return Array.from(
    forEachBpfInstruction(bytes, true, NAMES),
    (each) => `${each.index} ${each.text}`,
  )
}

const CASES: readonly (readonly [hex: string, text: string])[] = [
  ['bf 16 00 00 00 00 00 00', '(bf) r6 = r1'],
  ['69 67 c0 00 00 00 00 00', '(69) r7 = *(u16 *)(r6 +192)'],
  ['b4 08 00 00 00 00 00 00', '(b4) (u32) r8 = (u32) 0'],
  ['55 07 0e 00 08 00 00 00', '(55) if r7 != 0x8 goto pc+14'],
  ['1d 21 fe ff 00 00 00 00', '(1d) if r1 == r2 goto pc-2'],
  ['66 01 02 00 ff ff ff ff', '(66) if w1 s> 0xffffffff goto pc+2'],
  ['07 03 00 00 fc ff ff ff', '(07) r3 += -4'],
  ['44 08 00 00 02 00 00 00', '(44) (u32) r8 |= (u32) 2'],
  ['3f 21 01 00 00 00 00 00', '(3f) r1 s/= r2'],
  ['bf 21 08 00 00 00 00 00', '(bf) r1 = (s8)r2'],
  ['87 01 00 00 00 00 00 00', '(87) r1 = -r1'],
  ['dc 01 00 00 10 00 00 00', '(dc) r1 = be16 r1'],
  ['d7 01 00 00 40 00 00 00', '(d7) r1 = bswap64 r1'],
  ['62 02 00 00 20 00 00 00', '(62) *(u32 *)(r2 +0) = 32'],
  ['7b 1a f8 ff 00 00 00 00', '(7b) *(u64 *)(r10 -8) = r1'],
  ['91 12 00 00 00 00 00 00', '(91) r2 = *(s8 *)(r1 +0)'],
  ['db 21 08 00 00 00 00 00', '(db) lock *(u64 *)(r1 +8) += r2'],
  ['c3 21 00 00 41 00 00 00', '(c3) r2 = atomic_fetch_or((u32 *)(r1 +0), r2)'],
  ['db 21 00 00 f1 00 00 00', '(db) r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)'],
  ['30 00 00 00 17 00 00 00', '(30) r0 = *(u8 *)skb[23]'],
  ['40 10 00 00 04 00 00 00', '(40) r0 = *(u32 *)skb[r1 + 4]'],
  ['85 00 00 00 2a 00 00 00', '(85) call bpf_map_lookup_elem#42'],
  ['85 10 00 00 05 00 00 00', '(85) call pc+5'],
  ['05 00 ff ff 00 00 00 00', '(05) goto pc-1'],
  ['06 00 00 00 00 01 00 00', '(06) gotol pc+256'],
  ['95 00 00 00 00 00 00 00', '(95) exit'],
  ['e5 00 00 00 00 00 00 00', '(e5) BUG_e5'],
]

for (const [hex, expected] of CASES) {
  test(`${hex} is ${expected}`, () => {
    assert.deepEqual(text(hex), [`0 ${expected}`])
  })
}

test('a 64-bit constant takes two slots, and may be a map', () => {
  assert.deepEqual(
    text(
      '18 01 00 00 88 77 66 55 00 00 00 00 44 33 22 11 18 02 00 00 01 00 00 00 00 00 00 00 01 00 00 00 95 00 00 00 00 00 00 00',
    ),
    ['0 (18) r1 = map[id:7]', '2 (18) r2 = 0x100000001', '4 (95) exit'],
  )
})

test('half a constant at the end is an instruction of its own', () => {
  assert.deepEqual(text('18 01 00 00 05 00 00 00'), ['0 (18) r1 = 0x5'])
})
