// kbox rehearse: does the whole road of a crash work, on this kernel and this configuration? Exit codes: 0 every step
// went well, 1 a step failed, 2 usage. The guest's program comes this way too, and loads nothing of the host's: there every
// file takes a hundred times as long, and memory that its dump then shows.
import { parseVerbOptions } from './verb_options.ts'

const OPTIONS = {
  kernel: { type: 'string' },
  modules: { type: 'string' },
  config: { type: 'string' },
  memory: { type: 'string', default: '512M' },
  cpus: { type: 'string', default: '2' },
  crashkernel: { type: 'string', default: '192M' },
  scenario: { type: 'string', default: 'sysrq' },
  runtime: { type: 'string' },
  keep: { type: 'string' },
  timeout: { type: 'string', default: '900' },
  identity: { type: 'string' },
  json: { type: 'boolean', default: false },
  'in-guest': { type: 'string' },
} as const

/** What was asked for. */
export type RehearseValues = ReturnType<typeof parseRehearseOptions>

/**
 * Run `kbox rehearse`.
 *
 * @returns exit code: 0 every step went well, 1 a step failed
 * @throws {UsageError} for an option that makes no sense
 */
export async function rehearseMain(argv: readonly string[]): Promise<number> {
  const values = parseRehearseOptions(argv)
  const plan = values['in-guest']
  if (plan === undefined) return (await import('./rehearse_here.ts')).rehearseHere(values)
  return (await import('../host/rehearse/guest_program.ts')).runInGuest(plan)
}

function parseRehearseOptions(argv: readonly string[]) {
  return parseVerbOptions(argv, OPTIONS)
}
