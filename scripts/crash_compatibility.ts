// Writes docs/crash_compatibility.md: each command and option of crash, and what kbox's was measured against. What it says
// comes from test/compat/claims alone, which test/compat/commands_*.test.ts runs: nothing is marked done without a test.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseGetopt } from '../src/core/base/getopt.ts'
import { getoptOption, optionName } from '../src/core/base/options.ts'
import type { Command } from '../src/core/crash/command.ts'
import { COMMANDS } from '../src/core/crash/commands.ts'
import type { Claim, Oracle } from '../test/compat/claims/claim.ts'
import { CLAIMS } from '../test/compat/claims/claims.ts'
import { CRASH_COMMANDS } from './crash_options.ts'

/** The document. */
export const COMPATIBILITY_FILE = fileURLToPath(
  new URL('../docs/crash_compatibility.md', import.meta.url),
)

const ORACLES: Readonly<Record<Oracle, string>> = {
  crash: 'crash 9.0.2',
  drgn: 'drgn 0.3.0',
  guest: 'the guest',
  recipe: 'a recipe',
}

const HEAD = `# kbox crash and crash(8)

Written by \`bin/node scripts/crash_compatibility.ts\` from the claims in test/compat/claims; do not edit. Every claim is a
test of test/compat/commands_*.test.ts, which runs it on memory dumps of real kernels: 5.10, 6.1, 6.12 and the newest of Debian's, and 6.8 of Ubuntu's.

*Measured against* says who else was asked: **crash 9.0.2** and **drgn 0.3.0** of Debian sid (with their 600 MB of debug
information; crash does not start on the sid kernel, there the line must work), **the guest** (its own /proc and /sys from
a moment before the crash), or **a recipe** where nobody else can be asked. *untested* means what it says. Options that
crash does not have are kbox's own.
`

/** A row: what it is called, and who vouches for it. */
interface Row {
  readonly option: string
  readonly verdict: string
}

/** The whole document. */
export function crashCompatibility(): string {
  const names = new Set([...Object.keys(CRASH_COMMANDS), ...COMMANDS.map(({ name }) => name)])
  const sorted = Array.from(names).sort()
  const sections = sorted.map((name) => {
    const rows = commandRows(name)
    const own = CRASH_COMMANDS[name] ? '' : " (kbox's own)"
    return [
      `## ${name === '*' ? '\\*' : name}${own}`,
      '',
      '| option | measured against |',
      '|---|---|',
      ...rows.map(({ option, verdict }) => `| ${option} | ${verdict} |`),
      '',
    ].join('\n')
  })
  const all = sorted.filter((name) => CRASH_COMMANDS[name]).flatMap(commandRows)
  const count = (pattern: RegExp): number =>
    all.filter(({ verdict }) => pattern.test(verdict)).length
  const sum =
    `Of ${all.length} rows of crash's commands and options, ${count(/^(?!refused|a recipe|untested|not there)/)} are measured against another's ` +
    `word, ${count(/^a recipe/)} against a recipe only, ${count(/^refused/)} are refused on purpose, ` +
    `${count(/^untested/)} are untested and ${count(/^not there/)} are not there.\n`
  return [HEAD, sum, ...sections].join('\n')
}

function commandRows(name: string): Row[] {
  const crash = CRASH_COMMANDS[name]
  const refused = crash?.refused ?? {}
  const command = COMMANDS.find((each) => each.name === name)
  if (!command || refused[''] !== undefined) {
    const absent = refused[''] === undefined ? 'not there' : `refused: ${refused['']}`
    const options = (crash?.options ?? []).map((option) => `-${option}`)
    return ['(none)', ...options].map((option) => ({ option, verdict: absent }))
  }
  const claims = claimedOptions(name, command)
  const verdict = (option: string, isThere: boolean): string => {
    if (refused[option] !== undefined) return `refused: ${refused[option]}`
    if (!isThere) return 'not there'
    return vouchers(claims.filter(({ options }) => options.has(option)).map(({ claim }) => claim))
  }
  const own = Object.entries(command.options)
    .filter(([, { help }]) => help !== undefined)
    .map(([key, spec]) => optionName(key, spec).replace(/^-/, ''))
  const theirs = crash?.options ?? []
  const doubled = (option: string): boolean => own.includes(option.charAt(0))
  return [
    {
      option: '(none)',
      verdict: vouchers(
        claims.filter(({ options }) => options.size === 0).map(({ claim }) => claim),
      ),
    },
    ...theirs.map((option) => ({
      option: `-${option}`,
      verdict: verdict(option, own.includes(option) || (/^(.)\1$/.test(option) && doubled(option))),
    })),
    ...own
      .filter((option) => !theirs.includes(option))
      .map((option) => ({ option: `-${option} (kbox)`, verdict: verdict(option, true) })),
  ]
}

interface ClaimedOptions {
  readonly claim: Claim
  readonly options: ReadonlySet<string>
}

/** The options each claim uses; one given twice is `SS` as well. */
function claimedOptions(name: string, command: Command): ClaimedOptions[] {
  return (CLAIMS[name] ?? []).map((claim) => ({ claim, options: optionsOf(claim, command) }))
}

function optionsOf(claim: Claim, command: Command): ReadonlySet<string> {
  const text = claim.shows ?? (typeof claim.line === 'string' ? claim.line : '')
  if (text === '')
    throw new Error(`a claim of ${command.name} needs 'shows': its line is made for each dump`)
  const [first = '', ...rest] = text.split(/\s+/)
  const aliased = command.aliases?.[first] ?? []
  const { options } = parseGetopt([...aliased, ...rest], getoptOptions(command), {
    stopAtOperand: command.stopAtOperand ?? false,
    negativeNumbers: true,
  })
  const names = options.map(({ name }) => name)
  const twice = names.filter((each, i) => names.indexOf(each) !== i).map((each) => each + each)
  return new Set([...names, ...twice])
}

/** Options by the names the document has for them. */
function getoptOptions(command: Command): Parameters<typeof parseGetopt>[1] {
  return Object.entries(command.options).map(([key, spec]) => ({
    ...getoptOption([key, spec]),
    name: optionName(key, spec).replace(/^-/, ''),
  }))
}

function vouchers(claims: readonly Claim[]): string {
  if (claims.length === 0) return 'untested'
  const oracles = (Object.keys(ORACLES) as Oracle[]).filter((oracle) =>
    claims.some(({ against }) => against === oracle),
  )
  return oracles
    .map((oracle) => {
      if (oracle !== 'recipe' || oracles.length > 1) return ORACLES[oracle]
      const first = claims[0]
      return first?.against === 'recipe' ? `${ORACLES.recipe}: ${first.why}` : ORACLES.recipe
    })
    .join(', ')
}

if (import.meta.main) writeFileSync(COMPATIBILITY_FILE, crashCompatibility())
