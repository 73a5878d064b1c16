// What breadcrumbs tell of a crash. Written by three: the running machine (armed or not), the shell of the capture kernel,
// and the recorder; each may have died in the middle of it.
import type { Crumb, CrumbFile } from '../../capture/breadcrumb_layout.ts'
import { adviseOn } from './crash_advice.ts'
import { findFailedStep } from './failed_step.ts'
import type { LastCrash, LastStep } from './last_crash.ts'

/**
 * Tell the crash that a breadcrumb file witnessed.
 *
 * @param bootId of the boot that asks; '' when the file is from a machine that is not running
 * @returns undefined if it witnessed none
 */
export function crashOfCrumbs(
  { header, shell, crumbs, log }: CrumbFile,
  bootId: string,
): LastCrash | undefined {
  const reached = crumbs.length > 0 || shell.length > 0
  // Armed in this very boot, or left properly.
  const isQuiet = header.state === 'disarmed' || header.bootId === bootId
  if (!reached && isQuiet) return undefined
  const steps = stepsOf(crumbs, shell)
  const begun = crumbs.find((crumb) => crumb.crumb === 'capture')
  const saved = crumbs.findLast((crumb) => crumb.crumb === 'saved')
  const byShell = shell.find(({ text }) => text.startsWith('the shell saved'))
  const isSaved = saved?.complete === true || byShell !== undefined
  const named = byShell?.text.split(' to ')[1] ?? textOf(crumbs, 'directory')
  // Where the capture kernel has the target mounted.
  const directory = named.replace(/^\/mnt(?=\/)/, '')
  const failure = isSaved ? undefined : failureOf(steps, crumbs, shell)
  return {
    version: 1,
    outcome: isSaved ? 'saved' : saved || directory !== '' ? 'partial' : log ? 'log' : 'lost',
    at: begun?.date ?? shell[0]?.date ?? header.changedAt,
    release: begun?.release ?? header.release,
    target: textOf(crumbs, 'target'),
    directory,
    dump: isSaved ? 'vmcore' : '',
    steps,
    failedStep: failure?.step ?? '',
    why: failure?.why ?? '',
    advice: failure ? adviseOn(failure.step, failure.why) : '',
  }
}

/** What happened, in order; a step without an end is one during which somebody died. */
function stepsOf(crumbs: readonly Crumb[], shell: CrumbFile['shell']): LastStep[] {
  const steps: LastStep[] = []
  const died = diedBecause(shell)
  const open: string[] = []
  const close = (): void => {
    for (const name of open.splice(0)) steps.push({ name, ms: undefined, ok: false, error: died })
  }
  for (const crumb of crumbs) {
    if (crumb.crumb === 'begin') open.push(crumb.step)
    if (crumb.crumb === 'end') {
      const at = open.lastIndexOf(crumb.step)
      if (at >= 0) open.splice(at, 1)
      steps.push({
        name: crumb.step,
        ms: crumb.ms,
        ok: crumb.error === '',
        error: crumb.error,
      })
    }
    // Begun again: whoever was at work before is dead.
    if (crumb.crumb === 'capture' || crumb.crumb === 'leave') close()
  }
  close()
  return steps
}

function failureOf(
  steps: readonly LastStep[],
  crumbs: readonly Crumb[],
  shell: CrumbFile['shell'],
): { readonly step: string; readonly why: string } {
  if (crumbs.length === 0 && shell.length === 0) {
    return {
      step: 'boot',
      why: 'the capture kernel never got to user space, or power was lost, or the machine was reset without kbox stop',
    }
  }
  if (crumbs.length === 0) return { step: 'runtime', why: diedBecause(shell) }
  const failed = findFailedStep(steps)
  if (failed) return { step: failed.name, why: failed.error }
  return { step: steps.at(-1)?.name ?? 'start', why: diedBecause(shell) }
}

/** Why somebody who was at work is not any more, as far as the shell knows. */
function diedBecause(shell: CrumbFile['shell']): string {
  const texts = shell.map(({ text }) => text)
  const stalled = texts.find((text) => text.startsWith('no end after'))
  if (stalled !== undefined) return stalled
  const ended = texts.find((text) => text.includes('recorder ended with code'))
  if (ended !== undefined) {
    const code = Number(/code (\d+)/.exec(ended)?.[1] ?? 0)
    return code > 128 ? `the recorder was killed by signal ${code - 128}` : ended
  }
  const mounted = texts.find((text) => text.includes('cannot be mounted'))
  if (mounted !== undefined) return mounted
  return 'the capture kernel stopped meanwhile: it panicked, a watchdog fired, or power was lost'
}

function textOf(crumbs: readonly Crumb[], kind: 'target' | 'directory'): string {
  const last = crumbs.findLast((crumb) => crumb.crumb === kind)
  if (last?.crumb === 'target') return last.target
  return last?.crumb === 'directory' ? last.directory : ''
}
