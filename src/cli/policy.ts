// kbox policy: what turns hangs into panics, and so into dumps. Exit codes: 0 shown or set, 1 refused, 2 usage.
import { UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import {
  parsePolicyChange,
  type PolicyChange,
  type PolicyState,
  POLICY_FILE,
  readPolicy,
  recommendChanges,
  setPolicy,
} from '../host/control/policy/panic_policy.ts'

const OPTIONS = {
  json: { type: 'boolean' },
  root: { type: 'string' },
  recommended: { type: 'boolean' },
} as const

/**
 * Run `kbox policy [show|set NAME=VALUE…]`.
 *
 * @returns exit code 0
 * @throws {UsageError} for an unknown action, name or value
 * @throws {HostError} if this kernel lacks a name or refuses a value
 */
export async function policyMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions(OPTIONS, argv)
  const root = values.root ?? '/'
  const [action = 'show', ...words] = operands
  if (action === 'show') {
    if (words.length > 0 || values.recommended) throw new UsageError("'show' takes no names")
  } else if (action === 'set') {
    set(changesOf(words, values.recommended, root), root)
  } else {
    throw new UsageError(`'${action}': there are show and set`)
  }
  const states = readPolicy(root)
  if (values.json) process.stdout.write(`${JSON.stringify(describe(states), null, 2)}\n`)
  else for (const state of states) process.stdout.write(formatState(state))
  return 0
}

function changesOf(words: readonly string[], isRecommended: boolean, root: string): PolicyChange[] {
  const named = words.map(parsePolicyChange)
  if (!isRecommended && named.length === 0)
    throw new UsageError('say what to set: NAME=VALUE…, or --recommended')
  if (!isRecommended) return named
  // What is named goes before what is recommended.
  const rest = recommendChanges(root).filter(
    ({ setting }) => !named.some((change) => change.setting === setting),
  )
  return [...named, ...rest]
}

function set(changes: readonly PolicyChange[], root: string): void {
  for (const { key, value, file, line } of setPolicy(changes, root)) {
    const text = `/${file}:${line} sets ${key} = ${value} after /${POLICY_FILE}: change it there`
    process.stderr.write(`kbox: ${text}\n`)
  }
}

function describe(states: readonly PolicyState[]): unknown {
  return {
    version: 1,
    file: `/${POLICY_FILE}`,
    settings: states.map(({ setting, current, persisted, cmdline, isGood, obstacles }) => ({
      ...{ name: `kernel.${setting.name}`, current: current ?? null },
      ...{ persisted: persisted ?? null, cmdline: cmdline ?? null },
      ...{ recommended: setting.recommended, isGood, obstacles },
      ...{ meaning: setting.meaning, reason: setting.reason },
    })),
  }
}

function formatState(state: PolicyState): string {
  const { setting, current, persisted, cmdline, isGood, obstacles } = state
  const name = `kernel.${setting.name}`
  if (current === undefined) return `- ${name.padEnd(32)} not in this kernel (${setting.config})\n`
  const notes = [
    ...(persisted ? [`/${persisted.file}:${persisted.line} sets ${persisted.value}`] : []),
    ...(cmdline ? [`'${cmdline.word}' on the command line sets ${cmdline.value}`] : []),
    ...(persisted || cmdline ? [] : ['no file sets it: the default of the kernel']),
    ...obstacles.map((obstacle) => `does nothing: ${obstacle}`),
    ...(isGood ? [] : [`recommended ${setting.recommended}: ${setting.reason}`]),
  ]
  const mark = isGood && obstacles.length === 0 ? '+' : '!'
  const head = `${mark} ${name.padEnd(32)} ${current.padEnd(4)} ${setting.meaning}\n`
  return head + notes.map((note) => `      ${note}\n`).join('')
}
