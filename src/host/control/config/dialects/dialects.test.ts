// Writing and reading belong together: what a dialect can say comes back, and kdump.conf can say all of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ConfResult, Settings } from '../conf_builder.ts'
import { type ConfTarget, DEFAULT_CONF, type KdumpConf } from '../kdump_conf_model.ts'
import { DEFAULT_LOAD_SETTINGS } from '../load_settings.ts'
import type { Dialect } from './dialect.ts'
import { DIALECTS } from './dialects.ts'
import { redHat } from './red_hat.ts'

const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
const file = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('/')}`)
const host = fc.constantFrom('host', 'a.b.example', '192.0.2.1', '2001:db8::1')
const line = fc.constant(0)

const target: fc.Arbitrary<ConfTarget> = fc.oneof(
  fc.constant({ kind: 'path' as const }),
  fc.record({
    kind: fc.constant('filesystem' as const),
    fstype: fc.constantFrom('ext4' as const, 'xfs' as const, 'btrfs' as const),
    device: fc.oneof(
      fc.record({ by: fc.constant('uuid' as const), uuid: fc.constantFrom('ab-12', '0f') }),
      fc.record({ by: fc.constant('label' as const), label: fc.constantFrom('dump', 'my dumps') }),
      fc.record({ by: fc.constant('node' as const), node: fc.constant('/dev/vdb1') }),
    ),
    line,
  }),
  fc.record({
    kind: fc.constant('raw' as const),
    device: fc.record({ by: fc.constant('node' as const), node: fc.constant('/dev/vdc') }),
    line,
  }),
  fc.record({
    ...{ kind: fc.constant('nfs' as const), server: host, export: file },
    ...{ options: fc.constantFrom('', 'vers=3,timeo=600'), line },
  }),
  fc.record({
    ...{ kind: fc.constant('ssh' as const), user: word, host },
    ...{ port: fc.constantFrom(22, 2222), line },
  }),
  fc.record({
    kind: fc.constant('http' as const),
    ...{ url: fc.constant('https://h/d'), tokenFile: fc.constant('/etc/token'), line },
  }),
)

const seconds = fc.option(fc.integer({ min: 1, max: 86_400 }), { nil: undefined })
const limit = fc.option(fc.integer({ min: 1, max: 1_000_000 }), { nil: undefined })
const days = fc.option(fc.integer({ min: 1, max: 36_500 }), { nil: undefined })
const RECIPIENTS = [
  'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg',
  'age19gljhnys2zlcek5hn7wfm08rzyyrq5w7nllqhshurxnaymfnnaesdqpygy',
]
const conf: fc.Arbitrary<KdumpConf> = fc.record({
  targets: fc.array(target, { minLength: 1, maxLength: 3 }),
  path: file,
  sshKey: file,
  coreCollector: fc.record({
    codec: fc.constantFrom('none' as const, 'zlib' as const, 'lzo' as const, 'zstd' as const),
    format: fc.constant('kdump' as const),
    dumpLevels: fc.array(fc.integer({ min: 0, max: 31 }), { minLength: 1, maxLength: 3 }),
    messageLevel: fc.integer({ min: 0, max: 31 }),
    pageOrder: fc.constantFrom('priority' as const, 'pfn' as const),
    threads: fc.option(fc.integer({ min: 0, max: 64 }), { nil: undefined }),
    isFlattened: fc.boolean(),
  }),
  failureAction: fc.constantFrom('reboot', 'halt', 'poweroff', 'shell', 'dump_to_rootfs'),
  finalAction: fc.constantFrom('reboot', 'halt', 'poweroff'),
  hooks: fc.record({
    pre: fc.option(file, { nil: undefined }),
    post: fc.option(file, { nil: undefined }),
    emergency: fc.option(file, { nil: undefined }),
  }),
  extraModules: fc.array(word, { maxLength: 2 }),
  extraBins: fc.array(file, { maxLength: 2 }),
  omitModules: fc.array(word, { maxLength: 2 }),
  moduleOptions: fc.array(
    word.map((name) => `${name}.debug=1`),
    { maxLength: 2 },
  ),
  memoryDebugLevel: fc.integer({ min: 0, max: 3 }),
  deviceTimeoutSeconds: seconds,
  linkTimeoutSeconds: seconds,
  forceRebuild: fc.boolean(),
  forceNoRebuild: fc.constant(false),
  autoResetCrashkernel: fc.boolean(),
  initramfs: fc.constantFrom('auto', 'builtin', 'dracut', 'initramfs-tools'),
  dracutArgs: fc.constantFrom('', '--add-drivers "a b"'),
  fenceKdumpArgs: fc.constantFrom('', '-p 7410 -c 0'),
  fenceKdumpNodes: fc.array(word, { maxLength: 2 }),
  encryptTo: fc.subarray(RECIPIENTS),
  signKey: fc.oneof(fc.constant(''), file),
  retention: fc.record({ count: limit, bytes: limit, ageDays: days }),
  accessLog: fc.oneof(
    fc.constant({ file: '', isRequired: false }),
    fc.record({ file, isRequired: fc.boolean() }),
  ),
  autoReport: fc.boolean(),
})

function reread(dialect: Dialect, settings: Settings): Extract<ConfResult, { readonly ok: true }> {
  const text = dialect.format(settings)
  const result = dialect.parse(text)
  assert.ok(result.ok, `${JSON.stringify(result)}\n${text}`)
  return result
}

/** As JSON, since fast-check's records have no prototype. */
const withoutLines = ({ targets, ...rest }: KdumpConf): unknown =>
  JSON.parse(JSON.stringify({ ...rest, targets: targets.map((one) => ({ ...one, line: 0 })) }))

test('kdump.conf says every setting: what is written is read as the same', () => {
  fc.assert(
    fc.property(conf, (settings) => {
      const { conf: back } = reread(redHat, { conf: settings, load: DEFAULT_LOAD_SETTINGS })
      assert.deepEqual(withoutLines(back), withoutLines(settings))
    }),
  )
})

test('whatever the settings, SUSE and Debian get a file they can read', () => {
  fc.assert(
    fc.property(conf, (settings) => {
      for (const dialect of DIALECTS) {
        const { conf: back } = reread(dialect, { conf: settings, load: DEFAULT_LOAD_SETTINGS })
        const { codec, dumpLevels } = settings.coreCollector
        if (dialect.name !== 'suse' || codec !== 'none')
          assert.deepEqual(
            [back.coreCollector.codec, back.coreCollector.dumpLevels],
            [codec, dumpLevels],
          )
      }
    }),
  )
})

test('what a dialect cannot say becomes a comment, never nothing', () => {
  const settings: Settings = {
    conf: {
      ...DEFAULT_CONF,
      targets: [{ kind: 'raw', device: { by: 'node', node: '/dev/vdb' }, line: 1 }],
      failureAction: 'dump_to_rootfs',
      extraModules: ['gfs2'],
      deviceTimeoutSeconds: 30,
      hooks: { pre: undefined, post: undefined, emergency: '/bin/e' },
    },
    load: { ...DEFAULT_LOAD_SETTINGS, remove: ['quiet'] },
  }
  for (const dialect of DIALECTS.filter((one) => one !== redHat)) {
    const comments = dialect
      .format(settings)
      .split('\n')
      .filter((text) => text.startsWith('#'))
      .join('\n')
    for (const word of ['raw /dev/vdb', 'dump_to_rootfs', 'gfs2', '30', '/bin/e', 'quiet'])
      assert.ok(comments.includes(word), `${dialect.name} does not tell of ${word}:\n${comments}`)
  }
})
