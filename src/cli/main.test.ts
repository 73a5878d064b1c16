// kbox as a process: what a person sees of bad input, and what scripts see of exit codes. Each row is one process.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'

const folder = mkdtempSync(path.join(tmpdir(), 'kbox-main-'))
after(() => rmSync(folder, { recursive: true }))

function kbox(args: readonly string[], calledAs = 'kbox') {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['src/cli/main.ts', ...args], {
    encoding: 'utf8',
    env: { ...process.env, KBOX_ARGV0: calledAs },
  })
  return { status, stdout, stderr }
}

function file(name: string, content: string | Uint8Array): string {
  const full = path.join(folder, name)
  writeFileSync(full, content)
  return full
}

/** File contents that are no vmcore, and what the one line must say. */
const BAD_DUMPS: readonly (readonly [name: string, content: string | Uint8Array, says: RegExp])[] =
  [
    ['empty', '', /offset 0x0: file is empty, expected a vmcore/],
    ['garbage', 'hello, world\n', /offset 0x0: not a vmcore \(begins 68 65 6c 6c 6f/],
    ['short_elf', '\x7fELF\x02\x01\x01', /offset 0x0: ELF header/],
    ['short_kdump', 'KDUMP   \x06\0\0\0', /offset 0x0: kdump-compressed header/],
    [
      'short_utsname',
      `KDUMP   \x06\0\0\0${'x'.repeat(400)}`,
      /offset 0x0: kdump-compressed header/,
    ],
  ]

for (const [name, content, says] of BAD_DUMPS) {
  test(`an ${name} file gets one line that names file and offset, and exit code 1`, () => {
    const dump = file(name, content)
    for (const verb of ['crash', 'report']) {
      const { status, stderr, stdout } = kbox([verb, dump])
      assert.equal(status, 1, stderr)
      assert.equal(stdout, '')
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
      assert.ok(stderr.includes(dump), stderr)
      assert.match(stderr, says)
    }
  })
}

test('a program is not taken for a vmcore', () => {
  // Where the running kernel can be read, it is taken for a vmlinux of another one.
  const { status, stderr } = kbox(['crash', process.execPath])
  assert.equal(status, 2)
  assert.match(stderr, /^kbox: .* is (no VMCORE, and the running|of another kernel)/)
})

test('a file that does not exist is named, with exit code 1', () => {
  const { status, stderr } = kbox(['crash', path.join(folder, 'absent')])
  assert.equal(status, 1)
  assert.match(stderr, /absent: .*ENOENT/)
})

test('a wrong verb gets a suggestion and exit code 2', () => {
  const { status, stderr } = kbox(['rehears'])
  assert.equal(status, 2)
  assert.equal(
    stderr,
    "kbox: no verb 'rehears' (did you mean 'rehearse'?); 'kbox help' lists them\n",
  )
})

test('a wrong option gets a usage error and exit code 2', () => {
  const { status, stderr } = kbox(['status', '--nonsense'])
  assert.equal(status, 2)
  assert.match(stderr, /--nonsense/)
  assert.match(stderr, /kbox status --help/)
})

test('help lists every verb but the internal ones', () => {
  const { status, stdout } = kbox(['help'])
  assert.equal(status, 0)
  assert.match(stdout, /^ {2}crash +examine a vmcore/m)
  assert.doesNotMatch(stdout, /^ {2}capture /m)
})

test('called kdumpctl it takes kdumpctl verbs and shows its usage for others, with exit code 1', () => {
  const usage = /^kdump: Usage: kdumpctl \{.*start\|stop\|status\|restart\|reload\|rebuild\b.*\}$/m
  assert.match(kbox(['frobnicate'], 'kdumpctl').stderr, usage)
  assert.match(kbox(['setup-crypttab'], 'kdumpctl').stderr, /^kdump: setup-crypttab: kbox has no/)
  assert.equal(kbox(['frobnicate'], 'kdumpctl').status, 1)
  assert.match(kbox(['status', '--root', folder], 'kdumpctl').stderr, /Kdump is not operational/)
})

test('an option of crash that does nothing here is said to do nothing', () => {
  const { stderr } = kbox(['crash', '--no_panic', '-m', 'phys_base=0', file('none', 'x')])
  assert.match(stderr, /^kbox: --no-panic is accepted for crash's sake and changes nothing$/m)
  assert.match(stderr, /^kbox: -m is accepted/m)
})
