// Every claim of test/compat/claims on one dump: what crash, drgn or the guest itself say must be what kbox says.
// KBOX_CLAIMS=kmem,vm runs those of some commands only. A file of test/compat a kernel: what a dump and its oracles take of
// memory is given back in between.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { cachePath, findCachedKernel } from '../../../scripts/cache.ts'
import { peers } from '../../../bench/peers.ts'
import { openKernel } from '../../../src/core/kernel/open_kernel.ts'
import type { Program } from '../../../src/core/program/program.ts'
import { openFileSource } from '../../../src/host/platform/file_source.ts'
import { findCrashOracle, runCrash } from '../../support/crash_oracle.ts'
import { runDrgn } from '../../support/drgn_oracle.ts'
import { openTruth } from '../../support/guest_truth.ts'
import type { Claim, CrashClaim, DrgnClaim } from './claim.ts'
import { CLAIMS } from './claims.ts'
import { gatherEvidence } from './evidence.ts'
import { hideMiscounted } from './rss_miscounted.ts'

const chosen = process.env.KBOX_CLAIMS?.split(',')
const claims = Object.entries(CLAIMS)
  .filter(([command]) => chosen?.includes(command) ?? true)
  .flatMap(([, list]) => list)

/** Test every claim on the dump of a series. */
export function testClaims(series: string): void {
  const folder = cachePath('dumps', series)
  const vmcore = `${folder}/vmcore.elf`
  const skip = existsSync(vmcore) ? false : `no ${vmcore}: bin/node scripts/make_dump.ts ${series}`

  describe(`what is claimed of commands, on ${series}`, { skip }, () => {
    if (skip !== false) return
    const program = openKernel(openFileSource(vmcore))
    const reason = ({ except, needs }: Claim): string | undefined =>
      except?.[series] ??
      (needs !== undefined && !program.hasType(needs) ? `it has no ${needs}` : undefined)
    const asked = claims.filter((claim) => reason(claim) === undefined)
    const crash = askCrash(series, program, asked)
    const drgn = askDrgn(series, program, asked)
    const comparable = hideMiscounted(program)
    for (const claim of asked)
      testClaim(claim, { series, program, folder, crash, drgn, comparable })
    for (const claim of claims) {
      const skip = reason(claim)
      if (skip !== undefined)
        test(titleOf(claim.line, claim.shows, program), { skip }, () => undefined)
    }
  })
}

interface Oracles {
  readonly series: string
  readonly program: Program
  readonly folder: string
  readonly crash: ReadonlyMap<CrashClaim, string> | string
  readonly drgn: ReadonlyMap<DrgnClaim, unknown> | string
  /** Lines without what crash is known to get wrong on this dump. */
  readonly comparable: (lines: readonly string[]) => readonly string[]
}

function testClaim(claim: Claim, oracles: Oracles): void {
  const { series, program, folder, crash, drgn, comparable } = oracles
  const name = titleOf(claim.line, claim.shows, program)
  const gather = (): ReturnType<typeof gatherEvidence> => gatherEvidence(series, program, claim)
  switch (claim.against) {
    case 'crash':
      if (typeof crash === 'string') {
        test(`${name} ${claim.refused ? 'is refused' : 'works'} (${crash})`, () => {
          const { blocks } = gather()
          const problem = blocks.find(({ kind }) => kind === 'problem')
          if (claim.refused) assert.ok(problem)
          else assert.equal(problem?.message, undefined)
        })
      } else {
        test(`${name}, as crash has it`, () => {
          const theirs = crash.get(claim)
          assert.ok(theirs !== undefined, 'crash did not live to answer')
          const ours = gather()
          claim.check({ ...ours, lines: comparable(ours.lines) }, comparable(plainLines(theirs)))
        })
      }
      break
    case 'drgn':
      test(`${name}, as drgn has it`, { skip: typeof drgn === 'string' ? drgn : false }, () => {
        assert.ok(typeof drgn !== 'string')
        claim.check(gather(), drgn.get(claim))
      })
      break
    case 'guest':
      test(`${name}, as the guest said`, () => claim.check(gather(), openTruth(folder)))
      break
    case 'recipe':
      test(`${name}: ${claim.why}`, () => claim.check(gather()))
  }
}

function titleOf(line: Claim['line'], shows: string | undefined, program: Program): string {
  if (shows !== undefined || typeof line === 'string') return shows ?? String(line)
  return lineOf(line, program) ?? 'a line that cannot be made'
}

/** Undefined where the dump has not what the line is about: that is for the claim's own test to say. */
function lineOf(line: Claim['line'], program: Program): string | undefined {
  if (typeof line === 'string') return line
  try {
    return line(program)
  } catch {
    return undefined
  }
}

/** All lines in one session of crash, or why not. */
function askCrash(series: string, program: Program, asked: readonly Claim[]): Oracles['crash'] {
  if (series === 'sid') return 'crash 9.0.2 does not start on it'
  const oracle = findCrashOracle(series)
  if (typeof oracle === 'string') return oracle
  const mine = asked.filter((claim) => claim.against === 'crash')
  const lines = mine.map(({ line, before }) => [
    ...(before ?? []),
    lineOf(line, program) ?? '# nothing to ask',
  ])
  const answers = runCrash(oracle, lines)
  return new Map(
    mine.flatMap((claim, i) => {
      const answer = answers[i]
      return answer === undefined ? [] : [[claim, answer] as const]
    }),
  )
}

function askDrgn(series: string, program: Program, asked: readonly Claim[]): Oracles['drgn'] {
  const drgn = peers('drgn').at(-1)?.command
  const vmlinux = findCachedKernel(series)?.vmlinux
  if (drgn === undefined) return 'no drgn'
  if (vmlinux === undefined || !existsSync(vmlinux)) return `no vmlinux of ${series}`
  const mine = asked.filter((claim) => claim.against === 'drgn')
  if (mine.length === 0) return new Map()
  const scripts = mine.map(({ python }) => (typeof python === 'string' ? python : python(program)))
  const answers = runDrgn(drgn, vmlinux, cachePath('dumps', series, 'vmcore.elf'), scripts)
  return new Map(mine.map((claim, i) => [claim, answers[i]]))
}

function plainLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
}
