// kdump_pre, kdump_post, kdump_emergency and the programs of /etc/kdump/*.d, each with a deadline. Only a decisive one can
// stop anything; the others' failures are told and noted. Source: kdump-utils kdump.sh, do_kdump_pre() and the like.
import { HostError } from '../../core/base/errors.ts'
import type { CaptureConfig, CaptureHook, CaptureHooks } from './capture_config.ts'
import type { CaptureMachine } from './machine.ts'
import type { StepLog } from './step_log.ts'

/** How a program ended. */
export type ProgramEnd =
  | { readonly how: 'exit'; readonly code: number }
  | { readonly how: 'signal'; readonly signal: string }
  /** It did not end in time, and was killed with all it had started. */
  | { readonly how: 'timeout' }
  /** It could not be started. */
  | { readonly how: 'error'; readonly error: string }

/** What running a hook needs. */
export interface HookRunner {
  readonly config: Pick<CaptureConfig, 'hooks' | 'hookTimeoutMs'>
  readonly machine: Pick<CaptureMachine, 'runProgram' | 'say'>
  readonly log: Pick<StepLog, 'run'>
}

/** Run all hooks of one kind. @returns whether none that is decisive failed; those behind such a one are not run */
export async function runHooks(
  kind: keyof CaptureHooks,
  args: readonly string[],
  runner: HookRunner,
): Promise<boolean> {
  for (const hook of runner.config.hooks[kind]) {
    try {
      await runner.log.run(`hook ${hook.file}`, () => runHook(hook, args, runner))
    } catch {
      // The step has said why.
      if (!hook.isDecisive) continue
      runner.machine.say(`kdump_${kind} script exited with non-zero status!`)
      return false
    }
  }
  return true
}

async function runHook(
  { file }: CaptureHook,
  args: readonly string[],
  { config, machine }: HookRunner,
): Promise<void> {
  machine.say(`executing ${file}`)
  const end = await machine.runProgram(`/${file}`, args, config.hookTimeoutMs)
  const problem = describeEnd(end, config.hookTimeoutMs)
  if (problem !== '') throw new HostError(`${file} ${problem}`)
}

function describeEnd(end: ProgramEnd, timeoutMs: number): string {
  switch (end.how) {
    case 'exit':
      return end.code === 0 ? '' : `ended with code ${end.code}`
    case 'signal':
      return `was killed by ${end.signal}`
    case 'timeout':
      return `did not end in ${Math.round(timeoutMs / 1000)} s and was killed`
    case 'error':
      return `cannot be run: ${end.error}`
  }
}
