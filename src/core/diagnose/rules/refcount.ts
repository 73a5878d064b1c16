// A reference count that went where none may: below zero, up from zero, or over its end. The counter stays at
// REFCOUNT_SATURATED from then on, by which it is found again. Source: lib/refcount.c, include/linux/refcount.h.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import type { Program } from '../../program/program.ts'
import { thingText } from '../address_text.ts'
import { blame } from '../blame.ts'
import type { Fault } from '../fault.ts'
import { inCulprit, pathText } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import { bareName } from '../panic_machinery.ts'
import type { Evidence, Rule } from '../rule.ts'

/** INT_MIN / 2. @source include/linux/refcount.h */
const REFCOUNT_SATURATED = 0xc000_0000
/** Words of stack that the caller of the check may keep the counter's address in. */
const STACK_WORDS = 32

/** The words of lib/refcount.c, and what they mean. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/addition on 0/, 'a reference was taken of an object that had none left'],
  [/underflow/, 'a reference was put that had been put before'],
  [/saturated; leaking/, 'references were taken and never put, until the count overflowed'],
  [/decrement hit 0/, 'the last reference was put where others had to be left'],
]

export const refcount: Rule = {
  name: 'refcount',
  summary: 'a reference count that went below zero or up from it',
  needs: ['symbols'],
  *find(scene) {
    const { program } = scene
    for (const { fault, index, role, explains, limit } of scene.incidents) {
      const isReported = fault.trouble?.kind === 'refcount'
      const name = bareName(fault.frames[0]?.name ?? '')
      if (!isReported && name !== 'refcount_warn_saturate') continue
      const line = isReported ? fault.trouble.line : ''
      const meaning = MEANINGS.find(([words]) => words.test(line))?.[1]
      const culprit = blame(program, fault.frames)
      yield {
        kind: 'refcount',
        role,
        title: `${meaning ?? 'a reference count went wrong'}${inCulprit(culprit)}`,
        confidence: atMost('certain', limit),
        evidence: [
          ...(line === '' ? [] : [{ text: `the log says: ${line}`, command: 'log' }]),
          ...counterEvidence(program, fault),
          { text: `the way there: ${pathText(program, fault.frames, 6)}`, command: 'bt' },
        ],
        refutedBy: [
          'the counter was written over: what lies around it in its object makes no sense either',
        ],
        culprit,
        next: [
          { text: 'find who else puts this reference: each must have taken one', command: '' },
          { text: 'see who called', command: 'bt -f' },
        ],
        explains: ['warning', ...explains],
        ...(index === undefined ? {} : { fault: index }),
      }
    }
  },
}

/** The counter: in a register where the check trapped, or kept on the stack by its callers. */
function counterEvidence(program: Program, { registers, isWhole, frames }: Fault): Evidence[] {
  if (!isWhole) return []
  const sp = registers[program.arch.sp]
  const onStack = Array.from({ length: sp === undefined ? 0 : STACK_WORDS }, (_, index) =>
    attempt(() => program.memory.u64((sp ?? 0n) + BigInt(index * 8))),
  )
  const kept = frames.flatMap((frame) => Object.values(frame.registers ?? {}))
  for (const address of [...Object.values(registers), ...kept, ...onStack]) {
    if (address === undefined || address % 4n !== 0n || !program.arch.isKernelAddress(address))
      continue
    if (attempt(() => program.memory.u32(address)) !== REFCOUNT_SATURATED) continue
    const thing = thingText(program, address)
    return [
      {
        text: `the counter is ${formatHex(REFCOUNT_SATURATED)} (REFCOUNT_SATURATED)${thing === '' ? '' : `, in ${thing}`}`,
        address,
        command: `what ${formatHex(address).slice(2)}`,
      },
    ]
  }
  return []
}
