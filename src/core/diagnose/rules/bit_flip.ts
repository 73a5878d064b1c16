// A pointer that would be right but for one bit: bad memory, a bad cache, or a stray write of one bit. Source: none; of 64
// pointers that differ in one bit, hardly ever one happens to lead to an object.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { cacheType } from '../../kernel/identify_slab.ts'
import { slabCacheName } from '../../kernel/slab_cache.ts'
import { kernelStack } from '../../kernel/stack_bounds.ts'
import { formatType } from '../../program/format_type.ts'
import type { Program } from '../../program/program.ts'
import { accessFinding } from '../access_finding.ts'
import { accessSort, kernelMapping } from '../access_sort.ts'
import { hex, pointerText, registerText } from '../access_text.ts'
import { thingAt, thingText } from '../address_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses, type FaultingAccess } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { objectAt } from '../freed_object.ts'
import { tellPointer, type PointerTale } from '../pointer_tale.ts'
import type { Evidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { unmappedPlace } from '../unmapped_place.ts'

export const bitFlip: Rule = {
  name: 'bit-flip',
  summary: 'a bad pointer differs in one bit from a good one',
  needs: ['symbols', 'types'],
  *find(scene) {
    for (const access of faultingAccesses(scene)) {
      const { kind } = accessSort(scene, access)
      if (kind !== 'non-canonical' && kind !== 'not-mapped') continue
      // Nothing but chance makes a flip lead there; walking over the end of an area does.
      if (access.address !== undefined && unmappedPlace(scene.program, access.address).isGuard)
        continue
      const tale = tellPointer(scene, access)
      const flip = findFlip(scene.program, access, tale)
      if (!flip) continue
      const known = whereKnown(scene, access, flip.right)
      yield accessFinding(scene, access, tale, {
        kind: 'bit-flip',
        title: `a flipped bit: ${pointerText(tale, access)} would be ${flip.thing} but for bit ${flip.bit}, and was used${inCulprit(blame(scene.program, access.fault.frames))}`,
        confidence: flip.isExact || known ? 'likely' : 'possible',
        evidence: [
          {
            text: `${formatHex(flip.right)} is ${flip.thing}; no other bit makes a good pointer of it`,
            address: flip.right,
            command: `kmem ${hex(flip.right)}`,
          },
          ...(known ? [known] : []),
        ],
        refutedBy: [
          'code that marks pointers by a bit, and forgot to clear it',
          'the same bit of the same structure in other crashes: then a program flips it, no hardware',
        ],
        next: [
          { text: 'look for corrected memory errors', command: 'log' },
          { text: 'test the memory of the machine', command: '' },
        ],
        explains: ['general-protection', 'bad-address', 'oops'],
      })
    }
  },
}

interface Flip {
  readonly bit: number
  readonly right: bigint
  /** What it would point to. */
  readonly thing: string
  /** To the very start of an object that is allocated, of the right type as far as that is known. */
  readonly isExact: boolean
}

/** The one bit that makes a good pointer of a bad one; undefined if there is none, or more. */
function findFlip(
  program: Program,
  { pointer }: FaultingAccess,
  tale: PointerTale,
): Flip | undefined {
  // What the code itself says does not change.
  if (!pointer || pointer.origin?.kind === 'constant') return undefined
  const found: Flip[] = []
  for (let bit = 0; bit < 64; bit++) {
    const right = pointer.value ^ (1n << BigInt(bit))
    const flip = program.arch.isKernelAddress(right) ? goodPointer(program, right, tale) : undefined
    if (flip) found.push({ bit, right, ...flip })
  }
  const exact = found.filter(({ isExact }) => isExact)
  if (exact.length === 1) return exact[0]
  return found.length === 1 ? found[0] : undefined
}

/** Kinds of things that pointers lead to the start of. */
const STARTS: readonly string[] = ['symbol', 'vmalloc area']

function goodPointer(
  program: Program,
  right: bigint,
  { type }: PointerTale,
): Pick<Flip, 'thing' | 'isExact'> | undefined {
  if (!kernelMapping(program, right)?.isMapped) return undefined
  const info = objectAt(program, right)
  if (info) {
    // Into the middle of an object, or to a free one, next to anything leads.
    if (info.allocated !== true || info.object !== right) return undefined
    const held = attempt(() => cacheType(program, info.cache))
    if (held && type !== '' && type !== `${formatType(held)} *` && type !== 'void *')
      return undefined
    return { thing: `an object of ${slabCacheName(info.cache)}`, isExact: true }
  }
  const thing = thingAt(program, right)
  const isStart = thing?.offset === 0n && STARTS.includes(thing.kind)
  return isStart ? { thing: thingText(program, right), isExact: false } : undefined
}

/** The right value where it is still known: in a register, or on the stack. */
function whereKnown(scene: Scene, { fault }: FaultingAccess, right: bigint): Evidence | undefined {
  const register = Object.entries(fault.registers).find(([, value]) => value === right)?.[0]
  if (register !== undefined)
    return { text: `the right value is still in ${registerText(register)}`, command: 'bt' }
  const slot = attempt(() => findOnStack(scene, right))
  return slot === undefined
    ? undefined
    : { text: 'the right value is still on the stack', address: slot, command: `rd ${hex(slot)}` }
}

function findOnStack({ panicTask, program }: Scene, word: bigint): bigint | undefined {
  if (!panicTask) return undefined
  const { start, end } = kernelStack(panicTask)
  const bytes = program.memory.bytes(start, Number(end - start))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 8 <= bytes.length; at += 8)
    if (view.getBigUint64(at, program.memory.littleEndian) === word) return start + BigInt(at)
  return undefined
}
