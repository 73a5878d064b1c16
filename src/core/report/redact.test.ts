// Texts as logs, command lines and reports have them, with what must go and what must stay.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Redactor } from './redact.ts'

const redact = (text: string, ...hosts: readonly string[]): string => new Redactor(hosts).text(text)

const GOES: readonly (readonly [text: string, redacted: string])[] = [
  ['peer 192.0.2.7:443 gone', 'peer [ip-1]:443 gone'],
  ['peer [2001:db8::7]:443 gone', 'peer [[ip-1]]:443 gone'],
  ['fe80::5054:ff:fe12:3456%eth0', '[ip-1]%eth0'],
  ['addr 2001:db8:1:2:3:4:5:6 up', 'addr [ip-1] up'],
  ['eth0: 52:54:00:12:34:56 link', 'eth0: [mac-1] link'],
  ['mail jane.doe+x@mail.example.org now', 'mail [email-1] now'],
  ['open /home/jane/thesis.tex failed', 'open [path-1] failed'],
  ["cwd '/root/.ssh'", "cwd '[path-1]'"],
  ['root=UUID=0a1b2c3d-0000-4444-8888-aabbccddeeff ro', 'root=UUID=[uuid-1] ro'],
  ['app --password=hunter2 -x', 'app --password=[secret-1] -x'],
  ['API_KEY: abcdef', 'API_KEY: [secret-1]'],
  ['Authorization: Bearer abc.def-ghi', 'Authorization: Bearer [secret-1]'],
  ['postgres://app:s3cret@db/x', 'postgres://[secret-1]@db/x'],
  ['ghp_0123456789abcdefABCD', '[secret-1]'],
  ['AGE-SECRET-KEY-1QQQQ', '[secret-1]'],
  [
    `0 8 crypt aes-xts-plain64 ${'0f'.repeat(32)} 0 8:1`,
    '0 8 crypt aes-xts-plain64 [secret-1] 0 8:1',
  ],
  [
    '-----BEGIN OPENSSH PRIVATE KEY-----\nAAA\n-----END OPENSSH PRIVATE KEY-----\nx',
    '[secret-1]\nx',
  ],
  ['-----BEGIN RSA PRIVATE KEY-----\ncut', '[secret-1]'],
]
for (const [text, expected] of GOES)
  test(`is taken out: ${text.slice(0, 40).replaceAll('\n', ' ')}`, () =>
    assert.equal(redact(text), expected))

const STAYS: readonly string[] = [
  '[    1.234567] Kernel panic - not syncing: sysrq triggered crash',
  'RIP: 0010:sysrq_handle_crash+0x16/0x20',
  'Code: 0f 0b 48 8b 05 90 90 <c6> 04 25 00',
  'CPU: 1 PID: 234 Comm: bash Not tainted 6.1.0-56-cloud-amd64 #1 Debian 6.1.187-1',
  'pci 0000:00:1f.2: [8086:2922] type 00 class 0x010601',
  'at 2026-11-22 10:00:00 and 127.0.0.1:22 or 0.0.0.0 or ::1',
  'core::fmt::write and std::dec',
  'ffff888004d2b000 ffffffff81a0b1c2',
  'BIOS 1.16.2-debian-1.16.2-1 04/01/2014',
  'version 1.2.3.4000',
]
for (const text of STAYS)
  test(`stays: ${text.slice(0, 40)}`, () => assert.equal(redact(text), text))

test('the same value has the same placeholder everywhere, others have others', () => {
  const redactor = new Redactor(['web7.example.org'])
  assert.equal(redactor.text('192.0.2.1 192.0.2.2 192.0.2.1'), '[ip-1] [ip-2] [ip-1]')
  assert.deepEqual(redactor.data({ a: ['192.0.2.2'], b: { c: 'on web7' } }), {
    ...{ a: ['[ip-2]'], b: { c: 'on [host-1]' } },
  })
  assert.deepEqual(redactor.counts, [
    { kind: 'ip', values: 2, places: 4 },
    { kind: 'host', values: 1, places: 1 },
  ])
})

test('a host is known by its full and its short name, and not inside of other words', () => {
  assert.equal(
    redact('web7 web7.example.org web77 my-web7 web7-x', 'web7.example.org'),
    '[host-1] [host-2] web77 my-web7 web7-x',
  )
  assert.equal(redact('localhost', 'localhost'), 'localhost')
})

test('arguments go whatever they look like, numbers and names of members stay', () => {
  const report = {
    version: 2,
    crash: { task: { pid: 7, arguments: ['app', '--fast'] } },
    none: null,
  }
  assert.deepEqual(new Redactor().data(report), {
    ...{ version: 2, crash: { task: { pid: 7, arguments: ['[argument-1]', '[argument-2]'] } } },
    none: null,
  })
  assert.deepEqual(new Redactor().data({ signature: { strict: 'ab'.repeat(32) } }), {
    signature: { strict: 'ab'.repeat(32) },
  })
})

test('an address between blanks is gone, whatever the text around it', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, behind) => {
      assert.doesNotMatch(redact(`${before} 192.0.2.1 ${behind}`), /192\.0\.2\.1 /)
      assert.doesNotMatch(redact(`${before} 52:54:00:12:34:56 ${behind}`), /52:54:00:12:34:56 /)
    }),
  )
})

test('what lies deeper than anything of ours is left out, not passed through', () => {
  let data: unknown = 'kept'
  for (let i = 0; i < 200; i++) data = [data]
  assert.doesNotMatch(JSON.stringify(new Redactor().data(data)), /kept/)
})
