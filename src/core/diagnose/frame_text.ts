// How findings name functions.
import type { Program } from '../program/program.ts'
import { jumperTo } from './jumper.ts'
import type { NamedFrame } from './named_frame.ts'
import { bareName } from './panic_machinery.ts'
import type { Culprit } from './rule.ts'

/** `session_put() [sensorhub]`; `an unknown function` where no symbol is known. */
export function functionText({ name, module }: Pick<NamedFrame, 'name' | 'module'>): string {
  if (name === null) return 'an unknown function'
  return `${name}()${module === '' ? '' : ` [${module}]`}`
}

/** ` in session_put() [sensorhub]`, to go behind a sentence; '' for what is no code. */
export function inCulprit(culprit: Culprit | null): string {
  return culprit?.function ? ` in ${culpritText(culprit)}` : ''
}

/** ` by session_put() [sensorhub]`. */
export function byCulprit(culprit: Culprit | null): string {
  return culprit?.function ? ` by ${culpritText(culprit)}` : ''
}

const culpritText = ({ function: name, module }: Culprit): string => functionText({ name, module })

/** `a() < b() < c()`, innermost first; `b() (jumped on)` for one that has left no frame. */
export function pathText(program: Program, frames: readonly NamedFrame[], count = 4): string {
  const functions = frames.slice(0, count).flatMap((frame, index) => {
    const jumper = jumperTo(program, frames, index)
    return [bareText(frame), ...(jumper ? [`${bareText(jumper)} (jumped on)`] : [])]
  })
  return functions.slice(0, count).join(' < ')
}

const bareText = ({ name, module }: Pick<NamedFrame, 'name' | 'module'>): string =>
  functionText({ name: name && bareName(name), module })
