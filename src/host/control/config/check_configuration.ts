// What a configuration says of the machine it is on: files that must be there, names that must be of other machines.
// kdumpctl's words. Source: kdump-utils kdumpctl check_and_set_sshkey(), check_fence_kdump_config(), mkdumprd.
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { readFact } from '../../platform/fact_tree.ts'
import { ConfBuilder, type SettingName } from './conf_builder.ts'
import type { ConfProblem } from './conf_problem.ts'
import type { Dialect } from './dialects/dialect.ts'
import type { KdumpConf } from './kdump_conf_model.ts'

/** What a configuration is checked against. */
export interface CheckContext {
  /** Where the files it names are found. */
  readonly root: string
  readonly dialect: Dialect
  /** Line of each setting. */
  readonly lines: ReadonlyMap<SettingName, number>
}

/** A checked configuration. */
export interface CheckedConfiguration {
  /** With the key that is really there. */
  readonly conf: KdumpConf
  readonly errors: readonly ConfProblem[]
  readonly warnings: readonly ConfProblem[]
}

/** Check a configuration against the machine. */
export function checkConfiguration(conf: KdumpConf, context: CheckContext): CheckedConfiguration {
  const builder = new ConfBuilder(conf)
  checkSshKey(builder, context)
  checkPrograms(builder, context)
  checkFenceNodes(builder, context)
  checkToken(builder, context)
  checkEvidence(builder, context)
  return { conf: builder.conf, errors: builder.errors, warnings: builder.warnings }
}

const at = ({ lines }: CheckContext, name: SettingName, value: string) => ({
  ...{ line: lines.get(name) ?? 0, column: 1, value },
})

/** A key that is not there is replaced by the default one, as kdumpctl does; that one may be made by `propagate`. */
function checkSshKey(builder: ConfBuilder, context: CheckContext): void {
  const { root, dialect } = context
  const { sshKey } = builder.conf
  const usual = dialect.sshKeys.find((key) => existsSync(path.join(root, key)))
  const fallback = usual ?? dialect.sshKeys[0] ?? sshKey
  const word = at(context, 'sshKey', sshKey)
  if (!context.lines.has('sshKey')) {
    builder.set('sshKey', fallback, word)
  } else if (!existsSync(path.join(root, sshKey)) && sshKey !== fallback) {
    const message = `'${sshKey}' doesn't exist, using default value '${fallback}'`
    builder.warn(word, message, "make it with 'kbox propagate', or name a key that is there")
    builder.set('sshKey', fallback, word)
  }
}

function checkPrograms(builder: ConfBuilder, context: CheckContext): void {
  const { hooks, extraBins } = builder.conf
  const named: readonly (readonly [name: SettingName, file: string | undefined])[] = [
    ...[hooks.pre, hooks.post, hooks.emergency].map((file) => ['hooks', file] as const),
    ...extraBins.map((file) => ['extraBins', file] as const),
  ]
  for (const [name, file] of named) {
    if (file === undefined) continue
    const word = at(context, name, file)
    const state = findProgram(path.join(context.root, file))
    if (state === 'missing')
      builder.error(word, `Error: ${file} not found.`, 'install it, or remove the line')
    else if (state === 'not executable')
      builder.error(word, `Error: ${file} is not executable.`, `chmod +x ${file}`)
  }
}

function findProgram(file: string): 'missing' | 'not executable' | 'executable' {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return 'missing'
  try {
    accessSync(file, constants.X_OK)
    return 'executable'
  } catch {
    return 'not executable'
  }
}

/** A node that is told of its own dump would be waited for by itself. */
function checkFenceNodes(builder: ConfBuilder, context: CheckContext): void {
  const own = ownNames(context.root)
  for (const node of builder.conf.fenceKdumpNodes) {
    if (!own.has(node)) continue
    const message = `Option fence_kdump_nodes cannot contain ${node}`
    const word = at(context, 'fenceKdumpNodes', node)
    builder.error(word, message, 'it is this machine: name only the others')
  }
}

function ownNames(root: string): ReadonlySet<string> {
  const names: (string | undefined)[] = [
    readFact(root, 'proc/sys/kernel/hostname'),
    readFact(root, 'etc/hostname'),
  ]
  if (root === '/') {
    for (const addresses of Object.values(os.networkInterfaces()))
      names.push(...(addresses ?? []).map(({ address }) => address))
  }
  return new Set(names.filter((name): name is string => name !== undefined && name !== ''))
}

function checkEvidence(builder: ConfBuilder, context: CheckContext): void {
  const { encryptTo, signKey, targets } = builder.conf
  if (encryptTo.length > 0 && targets.some(({ kind }) => kind === 'raw')) {
    const remedy =
      'the next boot must read what is on a raw device, and has no key: use another target'
    builder.error(at(context, 'encryptTo', 'raw'), 'raw targets cannot be encrypted', remedy)
  }
  if (signKey !== '' && !existsSync(path.join(context.root, signKey))) {
    const word = at(context, 'signKey', signKey)
    const remedy = `make it: ssh-keygen -t ed25519 -N '' -f ${signKey}`
    builder.warn(word, `sign_key ${signKey} not found: manifests are not signed`, remedy)
  }
}

function checkToken(builder: ConfBuilder, context: CheckContext): void {
  for (const target of builder.conf.targets) {
    if (target.kind !== 'http' || target.tokenFile === '') continue
    if (existsSync(path.join(context.root, target.tokenFile))) continue
    const word = at(context, 'targets', target.tokenFile)
    builder.error(word, `http_token ${target.tokenFile} not found`, 'write the token into it')
  }
}
