// The rules of docs/style.md that a machine can check: `bin/node scripts/tidy.ts`. Breaches known today may be counted in
// tidy/baseline.json, whose counts may only fall: above one is an error, and below one is an error until it is lowered.
import { readFileSync } from 'node:fs'
import { parseSourceTree, readSourceTree } from './source_tree.ts'
import type { SourceTree } from './source_tree.ts'
import { TIDY_RULES } from './tidy/rules.ts'
import type { TidyRule } from './tidy/tidy_rule.ts'

/** Breaches tolerated, by `rule file`. */
export type Baseline = Readonly<Record<string, number>>

const BASELINE = 'scripts/tidy/baseline.json'

if (import.meta.main) {
  const baseline: Baseline = JSON.parse(readFileSync(BASELINE, 'utf8'))
  const messages = tidy(readSourceTree(), TIDY_RULES, baseline)
  for (const message of messages) console.log(message)
  console.log(`tidy: ${messages.length} error(s)`)
  process.exitCode = messages.length > 0 ? 1 : 0
}

/** Check a tree against the rules; returns one line a breach, `file:line: message (rule)`. */
export function tidy(
  tree: SourceTree,
  rules: readonly TidyRule[],
  baseline: Baseline = {},
): string[] {
  const messages: string[] = []
  const unmet = new Set(Object.keys(baseline))
  for (const rule of rules) {
    for (const file of tree.values()) {
      const key = `${rule.name} ${file.path}`
      const allowed = baseline[key] ?? 0
      const found = [...rule.check(file, tree)]
      if (found.length > allowed) {
        messages.push(
          ...found.map(({ line, message }) => `${file.path}:${line}: ${message} (${rule.name})`),
        )
      }
      if (found.length >= allowed) unmet.delete(key)
    }
  }
  for (const key of unmet)
    messages.push(`${BASELINE}: '${key}' allows ${baseline[key]}, fewer are left: lower it`)
  return messages
}

/** Check sources given as text against one rule: what each rule's test calls. */
export function tidyText(rule: TidyRule, sources: Readonly<Record<string, string>>): string[] {
  return tidy(parseSourceTree(sources), [rule])
}
