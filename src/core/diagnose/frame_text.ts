// How findings name functions.
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
  if (!culprit?.function) return ''
  return ` in ${functionText({ name: culprit.function, module: culprit.module })}`
}

/** `a() < b() < c()`, innermost first. */
export function pathText(frames: readonly NamedFrame[], count = 4): string {
  return frames
    .slice(0, count)
    .map(({ name, module }) => functionText({ name: name && bareName(name), module }))
    .join(' < ')
}
