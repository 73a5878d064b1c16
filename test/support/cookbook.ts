// docs/cookbook.md as data: its scripts, and what is printed below each.
import { readFileSync } from 'node:fs'

/** The document. */
export const COOKBOOK_FILE = new URL('../../docs/cookbook.md', import.meta.url)

/** A worked example. */
export interface Recipe {
  readonly title: string
  readonly script: string
  /** First lines of what it prints; '' if the document shows none. */
  readonly output: string
}

/** The worked examples, in order. */
export function readCookbook(text = readFileSync(COOKBOOK_FILE, 'utf8')): Recipe[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      title: section.slice(0, section.indexOf('\n')),
      script: /^```ts\n([^]*?)^```/m.exec(section)?.[1] ?? '',
      output: /^```text\n([^]*?)^```/m.exec(section)?.[1] ?? '',
    }))
}
