// Style 38: tags of a TSDoc comment come in one order, so that a reader finds each where it is everywhere.
import type { TidyRule } from './tidy_rule.ts'

const ORDER = ['@param', '@returns', '@yields', '@throws', '@source']

/** Demand @param, @returns or @yields, @throws, @source in that order. */
export const docOrder: TidyRule = {
  name: 'doc_order',
  summary: `TSDoc tags come in the order ${ORDER.join(' ')}`,
  *check(file) {
    for (const node of file.nodes) {
      for (const doc of (node as { jsDoc?: readonly { pos: number; end: number }[] }).jsDoc ?? []) {
        const tags = [...file.text.slice(doc.pos, doc.end).matchAll(/^[\s/*]*(@\w+)/gm)]
          .map(([, tag]) => tag as string)
          .filter((tag) => ORDER.includes(tag))
        for (const [index, tag] of tags.entries()) {
          const before = tags[index - 1]
          if (before === undefined || ORDER.indexOf(before) <= ORDER.indexOf(tag)) continue
          yield { line: file.lineOf(node), message: `${tag} comes before ${before} in TSDoc` }
        }
      }
    }
  },
}
