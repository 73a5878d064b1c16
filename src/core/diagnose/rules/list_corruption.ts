// A linked list that is not whole, as CONFIG_DEBUG_LIST finds it: an entry deleted or added twice, or a neighbour that does
// not point back. Source: lib/list_debug.c.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { isDirectMap } from '../../kernel/page.ts'
import { valueMeaning } from '../../kernel/poison.ts'
import type { Program } from '../../program/program.ts'
import { thingText } from '../address_text.ts'
import { blame } from '../blame.ts'
import type { Fault } from '../fault.ts'
import { inCulprit, pathText } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import { parseListReport, type ListReport } from '../list_report.ts'
import type { Evidence, NextStep, Rule } from '../rule.ts'

/** Where the checks are: "_or_report" since v6.6. */
const CHECKS = /^__list_(add|del)_(?:entry_)?valid/
/** Entries looked at for the head of a list. */
const WALK_MAX = 10_000

export const listCorruption: Rule = {
  name: 'list-corruption',
  summary: 'an entry of a list deleted or added twice, or a list written over',
  needs: ['symbols'],
  *find(scene) {
    const { program } = scene
    for (const { fault, index, role, explains, limit } of scene.incidents) {
      const check = CHECKS.exec(fault.frames[0]?.name ?? '')
      const isReported = fault.trouble?.kind === 'list-corruption'
      if (!isReported && !check) continue
      const report = isReported ? parseListReport(fault.trouble.line) : undefined
      const culprit = blame(program, fault.frames)
      // An entry with the poison of a deletion was deleted: nobody else writes that. Who wrote over a neighbour is not said.
      const isSure = report?.what === 'deleted' || report?.what === 'double add'
      yield {
        kind: 'list-corruption',
        role,
        title: `${whatText(report, check?.[1])}${inCulprit(culprit)}`,
        confidence: atMost(isSure ? 'certain' : 'likely', limit),
        evidence: evidenceOf(program, fault, report),
        refutedBy: refutations(report),
        culprit,
        next: nextSteps(report),
        explains: ['bug', 'warning', ...explains],
        ...(index === undefined ? {} : { fault: index }),
      }
    }
  },
}

function whatText(report: ListReport | undefined, operation = 'add'): string {
  if (!report) return `list_${operation}() found the list broken`
  const { what, pointer, found = 0n } = report
  if (what === 'deleted') return 'an entry was deleted from its list that had been deleted before'
  if (what === 'double add') return 'an entry was added to a list that it is on already'
  if (what === 'null') return `${report.operation}() found ${pointer} to be NULL`
  const instead = report.operation === 'list_del' ? 'the entry' : 'the other neighbour'
  const meaning = valueMeaning(found)?.name ?? formatHex(found)
  return `${report.operation}() found ${pointer} to be ${meaning} instead of ${instead}`
}

function evidenceOf(
  program: Program,
  { trouble, frames }: Fault,
  report: ListReport | undefined,
): Evidence[] {
  const evidence: Evidence[] = []
  if (trouble) evidence.push({ text: `the log says: ${trouble.line}`, command: 'log' })
  if (report) {
    const { entry, owner, found, pointer } = report
    if (entry !== undefined) evidence.push(nodeEvidence(program, 'the entry', entry))
    if (owner !== undefined && owner !== entry)
      evidence.push(nodeEvidence(program, `the neighbour, ${pointer.slice(0, 4)}`, owner))
    if (found !== undefined && found !== 0n && found !== entry && found !== owner)
      evidence.push(nodeEvidence(program, `what ${pointer} was`, found))
    const head = [owner, entry].map((node) => node && listHead(program, node)).find(Boolean)
    if (head !== undefined) evidence.push(nodeEvidence(program, 'the list leads to', head))
  }
  evidence.push({ text: `the way there: ${pathText(program, frames)}`, command: 'bt' })
  return evidence
}

/** What a node is, and what it holds now. */
function nodeEvidence(program: Program, role: string, node: bigint): Evidence {
  const meaning = valueMeaning(node)
  const thing = meaning ? `${meaning.name}: ${meaning.meaning}` : thingText(program, node)
  const words = meaning ? [] : ([0n, 8n] as const).map((at) => pointerText(program, node + at))
  const holds = words.length === 2 && words[0] !== '' ? `, next ${words[0]}, prev ${words[1]}` : ''
  return {
    text: `${role}${thing === '' ? '' : ` is ${thing}`}${holds}`,
    address: node,
    command: meaning ? '' : `rd ${formatHex(node).slice(2)} 2`,
  }
}

function pointerText(program: Program, at: bigint): string {
  const value = attempt(() => program.memory.u64(at))
  return value === undefined ? '' : (valueMeaning(value)?.name ?? formatHex(value))
}

/** The first node that is no allocated object: lists begin in variables, as a rule. */
function listHead(program: Program, first: bigint): bigint | undefined {
  let node = first
  for (let steps = 0; steps < WALK_MAX; steps++) {
    if (!isDirectMap(program, node) && program.symbolAt(node)) return node
    const next = attempt(() => program.memory.u64(node))
    if (next === undefined || next === first || next === node || valueMeaning(next))
      return undefined
    node = next
  }
  return undefined
}

function refutations(report: ListReport | undefined): string[] {
  return report?.what === 'deleted'
    ? ['the entry was initialised or added to a list between the two deletions']
    : ['whoever wrote over the entries is somebody else: see what lies around them in memory']
}

function nextSteps(report: ListReport | undefined): NextStep[] {
  const node = report?.entry ?? report?.owner
  return [
    ...(node === undefined
      ? []
      : [{ text: 'see what the entry is part of', command: `what ${formatHex(node).slice(2)}` }]),
    {
      text: 'find the other place that deletes or adds the entry, and the lock they share',
      command: '',
    },
    { text: 'see who called', command: 'bt' },
  ]
}
