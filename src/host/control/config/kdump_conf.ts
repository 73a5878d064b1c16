// kdump.conf(5): lines into settings. What each directive may say and means is in directives/. Wrong lines are told in
// kdumpctl's words, then with their place and remedy. Source: kdump-utils kdumpctl parse_config() and kdump.conf(5).
import { nearName } from '../../../core/base/near_name.ts'
import { ConfBuilder, type ConfResult } from './conf_builder.ts'
import { claimKey, type ConfReading, type Directive, optionWord } from './directives/directive.ts'
import { DUMP_DIRECTIVES } from './directives/dump_directives.ts'
import { EVIDENCE_DIRECTIVES } from './directives/evidence_directives.ts'
import { OLD_DIRECTIVES } from './directives/old_directives.ts'
import { TARGET_DIRECTIVES } from './directives/target_directives.ts'
import { type ConfLine, forEachConfLine } from './kdump_conf_lexer.ts'
import type { ConfTarget } from './kdump_conf_model.ts'

/** Every directive that is understood. */
export const DIRECTIVES: readonly Directive[] = [
  ...TARGET_DIRECTIVES,
  ...DUMP_DIRECTIVES,
  ...EVIDENCE_DIRECTIVES,
  ...OLD_DIRECTIVES,
]

/** Parse kdump.conf. All its problems are collected; nothing is thrown. */
export function parseKdumpConf(text: string): ConfResult {
  const builder = new ConfBuilder()
  const reading: ConfReading = {
    ...{ builder, seen: new Map(), target: undefined, fallbacks: [], tokenFile: '' },
  }
  for (const line of forEachConfLine(text)) applyLine(reading, line)
  setTargets(reading)
  checkForceFlags(reading)
  return builder.result()
}

function applyLine(reading: ConfReading, line: ConfLine): void {
  const { builder } = reading
  const { option, value } = line
  if (line.cutAtHash) {
    const remedy = "kdump.conf has no way to write a '#' in a value; put a blank before a comment"
    builder.warn(optionWord(line), `The value of option '${option}' ends at '#'`, remedy)
  }
  const directive = DIRECTIVES.find(({ name }) => name === option)
  if (!directive) {
    builder.error(optionWord(line), `Invalid kdump config option ${option}`, unknownRemedy(option))
    return
  }
  const { key = directive.name } = directive
  if (key !== '' && !claimKey(reading, key, line)) return
  if (value === '') {
    const message = `Invalid kdump config value for option '${option}'`
    builder.error(optionWord(line), message, `write a value after '${option}', or remove the line`)
    return
  }
  directive.apply(reading, line)
}

/** The plain target, or the file system that holds `path`, and then the fallbacks. */
function setTargets({ builder, target, fallbacks, tokenFile, seen }: ConfReading): void {
  const withToken = (one: ConfTarget): ConfTarget =>
    one.kind === 'http' ? { ...one, tokenFile } : one
  const targets = [target ?? { kind: 'path' as const }, ...fallbacks].map(withToken)
  const line = targets.flatMap((one) => ('line' in one ? [one.line] : []))[0] ?? seen.get('path')
  if (target ?? fallbacks.length > 0)
    builder.set('targets', targets, { line: line ?? 1, column: 1, value: '' })
}

function checkForceFlags({ builder, seen }: ConfReading): void {
  if (!builder.conf.forceRebuild || !builder.conf.forceNoRebuild) return
  const rebuild = seen.get('force_rebuild') ?? 0
  const noRebuild = seen.get('force_no_rebuild') ?? 0
  builder.error(
    { line: Math.max(rebuild, noRebuild), column: 1, value: '' },
    'Error: force_rebuild and force_no_rebuild are enabled simultaneously in kdump.conf',
    `keep one of line ${rebuild} and line ${noRebuild}`,
  )
}

function unknownRemedy(option: string): string {
  const near = nearName(
    option,
    DIRECTIVES.map(({ name }) => name),
  )
  return near ? `did you mean '${near}'?` : 'remove the line; kdump.conf(5) lists the options'
}
