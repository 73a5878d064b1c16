// Whether the diagnosis of a dump is right: class, culprit, and what must be said.
import { diagnose, type RuledFinding } from '../../src/core/diagnose/diagnose.ts'
import { Scene } from '../../src/core/diagnose/scene.ts'
import { makeSignature, type Signature } from '../../src/core/diagnose/signature.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { registerDisassemblers } from '../../src/host/platform/iced_x86.ts'
import { registerNativeCodecs } from '../../src/host/platform/native_codecs.ts'
import type { FaultScenario } from './scenarios.ts'

/** What was found, and how right it is. */
export interface FaultJudgement {
  readonly name: string
  /** '' when nothing was found to be the cause. */
  readonly kind: string
  /** `function [module]`; '' for nobody. */
  readonly culprit: string
  readonly confidence: string
  readonly title: string
  readonly isKindRight: boolean
  readonly isCulpritRight: boolean
  /** Of the words expected, those that no finding says. */
  readonly missing: readonly string[]
  /** Causes that are said to be certain, and are wrong. */
  readonly wronglyCertain: readonly string[]
  readonly problems: readonly string[]
  readonly signature: Signature
}

/** Diagnose a dump and compare with what is known of it. */
export function judgeFault({ name, expected }: FaultScenario, vmcore: string): FaultJudgement {
  registerNativeCodecs()
  registerDisassemblers()
  using source = openFileSource(vmcore)
  const scene = new Scene(openKernel(source))
  const diagnosis = diagnose(scene)
  const { findings, verdict, problems } = diagnosis
  const { module = '' } = verdict?.culprit ?? {}
  // The compiler puts what is unlikely into a function of its own.
  const guilty = verdict?.culprit?.function?.replace(/\.(cold|part\.\d+)$/, '') ?? null
  const isKindRight = verdict !== null && expected.kinds.includes(verdict.kind)
  // Where no function is to blame, none may be called guilty of being in a driver.
  const isCulpritRight =
    module === expected.module &&
    (expected.functions.length === 0 || expected.functions.includes(guilty ?? ''))
  const said = findings.map(sayFinding).join('\n')
  return {
    name,
    kind: verdict?.kind ?? '',
    culprit: formatCulprit(guilty, module),
    confidence: verdict?.confidence ?? '',
    title: verdict?.title ?? '',
    isKindRight,
    isCulpritRight,
    missing: expected.words.filter((word) => !said.includes(word)),
    wronglyCertain: findings
      .filter((finding) => isWronglyCertain(finding, verdict, isKindRight && isCulpritRight))
      .map(({ kind, title }) => `${kind}: ${title}`),
    problems: problems.map(({ rule, why }) => `${rule}: ${why}`),
    signature: makeSignature(scene, diagnosis),
  }

  function isWronglyCertain(
    { role, confidence, kind }: RuledFinding,
    first: RuledFinding | null,
    isRight: boolean,
  ): boolean {
    if (role !== 'cause' || confidence !== 'certain') return false
    if (expected.also?.includes(kind) === true) return false
    return !isRight || !(expected.kinds.includes(kind) || first?.explains.includes(kind) === true)
  }
}

function formatCulprit(guilty: string | null, module: string): string {
  return [guilty ?? '', module === '' ? '' : `[${module}]`].filter(Boolean).join(' ')
}

/** All that a reader sees. */
function sayFinding({ title, evidence, culprit, next }: RuledFinding): string {
  return [
    title,
    ...evidence.map(({ text }) => text),
    culprit?.function ?? '',
    culprit?.source ?? '',
    culprit?.unit ?? '',
    ...next.map(({ text }) => text),
  ].join('\n')
}

/** Whether all that is demanded is there. */
export function isRight({ isKindRight, isCulpritRight }: FaultJudgement): boolean {
  return isKindRight && isCulpritRight
}

/** A line for a table. */
export function formatJudgement(judgement: FaultJudgement): string {
  const { name, kind, culprit, confidence, missing, wronglyCertain } = judgement
  const columns = [
    (isRight(judgement) ? 'right' : 'MISS').padEnd(6),
    name.padEnd(18),
    (kind || 'nothing').padEnd(18),
    confidence.padEnd(9),
    culprit,
    ...(missing.length > 0 ? [`(unsaid: ${missing.join(', ')})`] : []),
    ...(wronglyCertain.length > 0 ? [`(WRONG, certain: ${wronglyCertain.join('; ')})`] : []),
  ]
  return columns.join(' ').trimEnd()
}
