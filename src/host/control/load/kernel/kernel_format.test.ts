// Kernel files made field by field: what each is taken for, and what is found wrong with it before anything is loaded.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkbzImage, mkpe, type BzImageRecipe } from '../../../../../test/support/mkpe.ts'
import { FormatError } from '../../../../core/base/errors.ts'
import { memorySource } from '../../../../core/io/memory_source.ts'
import { parseKernelFormat } from './kernel_format.ts'
import { parsePe } from './pe_file.ts'

const parse = (bytes: Uint8Array) => parseKernelFormat(memorySource(bytes, 'vmlinuz'))
const from = (...bytes: number[]): Uint8Array =>
  Buffer.concat([Buffer.from(bytes), Buffer.alloc(64)])

/** A name as a certificate has it: the object identifier 2.5.4.3, then a UTF8String. */
const commonName = (name: string): Uint8Array =>
  Buffer.concat([Buffer.from([6, 3, 0x55, 4, 3, 0x0c, name.length]), Buffer.from(name)])

test('a kernel is told by its first bytes', () => {
  const at = (text: string, offset: number): Uint8Array => {
    const bytes = Buffer.alloc(0x80)
    bytes.write('MZ')
    bytes.write(text, offset, 'latin1')
    return bytes
  }
  const table: readonly (readonly [string, Uint8Array])[] = [
    ['bzImage', mkbzImage()],
    ['uki', mkpe({ sections: [{ name: '.linux', content: 'kernel' }] })],
    ['EFI program', mkpe({ sections: [{ name: '.text', content: 'code' }] })],
    ['zboot', at('zimg', 4)],
    ['arm64 Image', at('ARM\x64', 0x38)],
    ['riscv Image', at('RSC\x05', 0x38)],
    ['ELF', from(0x7f, 0x45, 0x4c, 0x46)],
    ['gzip', from(0x1f, 0x8b)],
    ['xz', from(0xfd, 0x37, 0x7a, 0x58, 0x5a)],
    ['zstd', from(0x28, 0xb5, 0x2f, 0xfd)],
    ['unknown', Buffer.from('#!/bin/sh\n')],
    ['unknown', new Uint8Array()],
  ]
  for (const [kind, bytes] of table) assert.equal(parse(bytes).kind, kind)
})

test('what the kernel would refuse of a bzImage is found first', () => {
  const table: readonly (readonly [BzImageRecipe, RegExp])[] = [
    [{}, /^$/],
    [{ presentBytes: 1000 }, /^it is cut off: 3048 of 6144 bytes$/],
    [{ version: 0x20b }, /^its boot protocol 2\.11 is older than 2\.12$/],
    [{ loadFlags: 0 }, /^it is a zImage/],
    [{ xloadFlags: 1 }, /^it has no 64-bit entry, or cannot lie above 4 GB$/],
    [{ relocatable: 0 }, /^it is not relocatable/],
  ]
  for (const [recipe, problem] of table)
    assert.match(parse(mkbzImage(recipe)).bzImage?.problem ?? 'no bzImage', problem)
})

test('the header tells how much memory and how long a command line the kernel takes', () => {
  const { bzImage } = parse(mkbzImage({ initSizeBytes: 48 << 20, cmdlineSize: 4095 }))
  assert.deepEqual(bzImage, { initSizeBytes: 48 << 20, cmdlineMax: 4095, problem: '' })
})

test('a signature and the names in its certificates are found', () => {
  const certificates = Buffer.concat([
    commonName('Debian Secure Boot CA'),
    commonName('Debian Secure Boot Signer 2022'),
    commonName('Debian Secure Boot CA'),
  ])
  const { isSigned, signers } = parse(mkpe({ certificates }))
  assert.equal(isSigned, true)
  assert.deepEqual(signers, ['Debian Secure Boot CA', 'Debian Secure Boot Signer 2022'])
  assert.equal(parse(mkpe({})).isSigned, false)
})

test('kernels without a PE header are signed at their end, as modules are', () => {
  const elf = Buffer.concat([
    from(0x7f, 0x45, 0x4c, 0x46),
    Buffer.from('~Module signature appended~\n'),
  ])
  assert.equal(parse(elf).isSigned, true)
  assert.equal(parse(from(0x7f, 0x45, 0x4c, 0x46)).isSigned, false)
})

test('a PE file that is cut anywhere is refused in words, or is none', () => {
  const whole = mkpe({
    sections: [{ name: '.linux', content: 'kernel' }],
    certificates: Buffer.alloc(32),
  })
  for (let size = 0; size < whole.length; size++) {
    const source = memorySource(whole.subarray(0, size), 'cut.efi')
    try {
      assert.equal(parsePe(source)?.sections[0], undefined, `cut to ${size}`)
    } catch (error) {
      assert.ok(error instanceof FormatError, `cut to ${size}: ${String(error)}`)
    }
  }
})
