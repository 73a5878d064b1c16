// Options as people write them in kdump.conf and as fstab has them, and what the kernel is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatNfsOptions, parseNfsOptions, reduceNfsOptions } from './nfs_options.ts'

test('without a version all are tried, the newest first; a given one is kept to', () => {
  for (const [text, versions] of [
    ['', ['4.2', '4.1', '4.0', '3']],
    ['vers=3', ['3']],
    ['nfsvers=4', ['4.2', '4.1', '4.0']],
    ['v4.1', ['4.1']],
    ['vers=4,minorversion=1', ['4.1']],
  ] as const)
    assert.deepEqual(parseNfsOptions(text)?.versions, versions, text)
  for (const text of ['vers=2', 'vers=5', 'vers=4.9', 'vers='.concat('x')])
    assert.equal(parseNfsOptions(text), undefined, text)
})

test('the kernel is told to be patient for a while, not for ever, and where the server is', () => {
  const options = parseNfsOptions('rsize=65536')
  assert.ok(options)
  assert.equal(
    formatNfsOptions('4.2', options, '192.0.2.9', '192.0.2.5'),
    'vers=4.2,proto=tcp,port=2049,soft,timeo=100,retrans=3,rsize=65536,addr=192.0.2.9,clientaddr=192.0.2.5',
  )
  assert.equal(
    formatNfsOptions('3', options, 'fd00::9', 'fd00::5'),
    'vers=3,proto=tcp6,port=2049,soft,timeo=100,retrans=3,rsize=65536,addr=fd00::9,nolock,mountvers=3,mountproto=tcp6,mountaddr=fd00::9',
  )
})

test('a port, timeo and retrans of the configuration are kept', () => {
  const options = parseNfsOptions('port=3049,timeo=50,retrans=2,mountport=3050')
  assert.ok(options)
  const text = formatNfsOptions('3', options, '192.0.2.9', '192.0.2.5')
  assert.match(text, /port=3049,soft,timeo=50,retrans=2,mountport=3050,/)
  assert.equal(text.match(/timeo/g)?.length, 1)
})

test('what fstab has and the kernel would refuse, or what is decided anew, is dropped', () => {
  const text =
    'rw,hard,noatime,_netdev,x-systemd.automount,addr=192.0.2.1,proto=udp,vers=4.1,sec=sys,wsize=4096,bg,retry=5'
  assert.equal(reduceNfsOptions(text), 'vers=4.1,sec=sys,wsize=4096')
})

test('no options can change where the kernel mounts from', () => {
  fc.assert(
    fc.property(fc.string(), (junk) => {
      const options = parseNfsOptions(reduceNfsOptions(`${junk},addr=203.0.113.1`))
      if (!options) return
      const text = formatNfsOptions('4.2', options, '192.0.2.9', '192.0.2.5')
      assert.deepEqual(text.match(/(?<=(?:^|,)addr=)[^,]*/g), ['192.0.2.9'])
    }),
  )
})
