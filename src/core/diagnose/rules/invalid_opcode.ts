// An invalid instruction that is no BUG(): what the compiler put where it thought nobody would come, a call that does not
// suit its target (CFI, IBT), code that was written over. Source: arch/x86/kernel/traps.c exc_invalid_op(),
// exc_control_protection(), arch/x86/kernel/cfi.c.
import { attempt } from '../../base/errors.ts'
import { findBug } from '../../kernel/bug.ts'
import { hex, instructionText } from '../access_text.ts'
import { blame } from '../blame.ts'
import type { Fault } from '../fault.ts'
import { inCulprit, pathText } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import type { Confidence, Evidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

export const invalidOpcode: Rule = {
  name: 'invalid-opcode',
  summary: 'an invalid instruction that is no BUG()',
  needs: ['symbols'],
  *find(scene) {
    for (const { fault, index, role, explains, limit } of scene.incidents) {
      const told = tell(scene, fault)
      if (!told) continue
      const culprit = blame(scene.program, fault.frames)
      yield {
        kind: 'invalid-opcode',
        role,
        title: `${told.title}${inCulprit(culprit)}`,
        confidence: atMost(told.confidence, limit),
        evidence: [
          ...told.evidence,
          { text: `the way there: ${pathText(scene.program, fault.frames)}`, command: 'bt' },
        ],
        refutedBy: [
          'the code in the kernel file differs from that in memory: then it was written over',
        ],
        culprit,
        next: [
          { text: told.next, command: fault.ip === undefined ? '' : `dis ${hex(fault.ip)} 4` },
        ],
        explains: ['oops', ...explains],
        ...(index === undefined ? {} : { fault: index }),
      }
    }
  },
}

interface Told {
  readonly title: string
  readonly confidence: Confidence
  readonly evidence: readonly Evidence[]
  readonly next: string
}

function tell(scene: Scene, fault: Fault): Told | undefined {
  const { trouble, entry, ip } = fault
  const isInvalid = trouble
    ? trouble.kind === 'invalid-opcode'
    : /invalid_op|control_protection/.test(entry)
  if (!isInvalid || (ip !== undefined && attempt(() => findBug(scene.program, ip))))
    return undefined
  const text = ip === undefined ? undefined : instructionText(scene.program, ip)
  const logged: Evidence[] = trouble
    ? [{ text: `the log says: ${trouble.line}`, command: 'log' }]
    : []
  const evidence: Evidence[] =
    ip === undefined || text === undefined
      ? logged
      : [
          { text: `the instruction is \`${text}\``, address: ip, command: `dis ${hex(ip)} 1` },
          ...logged,
        ]
  const misdirected = controlFlow(scene, fault)
  if (misdirected !== undefined)
    return {
      title: `an indirect call went to what it must not: ${misdirected}`,
      confidence: 'certain',
      evidence: [{ text: `the log says: ${misdirected}`, command: 'log' }, ...evidence],
      next: 'compare the types of the function pointer and of what it points to',
    }
  if (text !== undefined && /^ud[012]/.test(text))
    return {
      title: 'the CPU came to where the compiler thought it never would (ud2 that is no BUG)',
      confidence: 'likely',
      evidence,
      next: 'see what leads there: undefined behaviour, such as a division by a constant 0, or a missing return',
    }
  return {
    title: `an invalid instruction was to be executed${text === undefined ? '' : ` (${text})`}`,
    confidence: 'possible',
    evidence,
    next: 'compare the code with that of the kernel file: it may have been written over, or be meant for another CPU',
  }
}

/**
 * "CFI failure at caller+0x1/0x2 (target: f+0x0/0x1; expected type: 0x…)" since v6.1, "Missing ENDBR: f+0x0/0x1" (before
 * v6.1 "traps: Missing ENDBR").
 */
const CONTROL_FLOW = /^(?:CFI failure at |(?:traps: )?Missing ENDBR: )/
const LINES_BEFORE = 3

function controlFlow({ lines }: Scene, { trouble }: Fault): string | undefined {
  if (!trouble) return undefined
  return lines
    .slice(Math.max(0, trouble.start - LINES_BEFORE), trouble.end)
    .find(({ text }) => CONTROL_FLOW.test(text))?.text
}
