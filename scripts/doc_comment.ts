// TSDoc comments as text.
import { ts, type Node, type SourceText } from './source_tree.ts'

/** The TSDoc comment right before a declaration, '' if there is none. */
export function docOf(file: SourceText, statement: Node): string {
  const above = file.text.slice(statement.pos, ts.skipTrivia(file.text, statement.pos))
  return /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*(?:\/\/[^\n]*\s*)*$/.exec(above)?.[1] ?? ''
}

/** A comment's words, without stars and tags, in one line. */
export function docText(doc: string): string {
  const text = doc
    .replace(/^\s*\*? ?/gm, ' ')
    .split(/\s@(?:param|returns|yields|throws|source)\b/)[0] as string
  return text
    .replace(/\{@link (\w+)\}/g, '$1')
    .replace(/\s+/g, ' ')
    .trim()
}
