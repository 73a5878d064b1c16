// Which frame is to blame: the first that is neither part of dying nor a helper that everybody calls and that does what
// it is told.
import { attempt } from '../base/errors.ts'
import { findBug } from '../kernel/bug.ts'
import { forEachModule, type Module } from '../kernel/module.ts'
import { taintFlags, taintLetters } from '../kernel/taint.ts'
import type { Program } from '../program/program.ts'
import { jumperTo } from './jumper.ts'
import { isBlamable } from './known_functions.ts'
import type { NamedFrame } from './named_frame.ts'
import { bareName, isPanicMachinery } from './panic_machinery.ts'
import type { Culprit } from './rule.ts'

/**
 * The frame to blame; undefined if every one is part of dying, a helper or a dispatcher. Guessed frames count only when
 * there is no better.
 */
export function blamedFrame(frames: readonly NamedFrame[]): NamedFrame | undefined {
  return (
    frames.find((frame) => isBlamable(frame) && frame.quality !== 'guess') ??
    frames.find(isBlamable) ??
    frames.find(({ name }) => name !== null && !isPanicMachinery(name))
  )
}

/**
 * Blame the first frame that may be; null if none may. A function that ended in a jump has no frame, and is blamed too: `void
 * f(x) { kfree(x); }` is not on the stack while kfree() runs.
 */
export function blame(program: Program, frames: readonly NamedFrame[]): Culprit | null {
  const frame = blamedFrame(frames)
  if (!frame) return null
  const jumped = jumperTo(program, frames, frames.indexOf(frame) - 1)
  return jumped ? symbolCulprit(program, jumped) : culpritOf(program, frame)
}

/** A function as the culprit, by its name; the parts that a compiler cut off it are the function. */
export function symbolCulprit(
  program: Program,
  { name, module }: { readonly name: string; readonly module: string },
): Culprit {
  return {
    ...{ function: bareName(name), module, taints: moduleTaints(program, module) },
    ...{ source: '', unit: '' },
  }
}

/** A frame's function as the culprit. */
export function culpritOf(program: Program, frame: NamedFrame): Culprit {
  const bug = frame.interrupted ? attempt(() => findBug(program, frame.ip)) : undefined
  return {
    function: frame.name && bareName(frame.name),
    module: frame.module,
    taints: moduleTaints(program, frame.module),
    source: bug && bug.file !== '' ? `${bug.file}:${bug.line}` : '',
    unit: '',
  }
}

/** What is to blame besides code. */
export function unitCulprit(unit: string): Culprit {
  return { function: null, module: '', taints: '', source: '', unit }
}

/** Letters of a module's own taints; '' for the kernel, a module without any, or one that is gone. */
export function moduleTaints(program: Program, name: string): string {
  if (name === '') return ''
  return (
    attempt(() => {
      const module = findModule(program, name)
      return module?.has('taints') ? taintLetters(taintFlags(program), module.bigint('taints')) : ''
    }) ?? ''
  )
}

function findModule(program: Program, name: string): Module | undefined {
  for (const module of forEachModule(program)) if (module.string('name') === name) return module
  return undefined
}
