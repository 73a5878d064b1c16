// Style 38: every export is documented. An overload or a re-export was documented where it was declared, and a run of
// constants mirrored from C (BTF_KIND_INT, BTF_KIND_PTR …) needs one comment above it, with the header it comes from;
// in a *_layout.ts file, which is definitions only, the file's first line is that comment. Two kinds of export speak for
// themselves: members of a registry, whose name and summary are fields, and tags as `type Task = KObject<'task_struct'>`.
import { isExported, ts } from '../source_tree.ts'
import type { Node, SourceText } from '../source_tree.ts'
import { memberKind } from './registries.ts'
import type { TidyRule } from './tidy_rule.ts'

const C_CONSTANT = /^[A-Z][A-Z0-9_]*$/

/** Demand a TSDoc comment on every exported declaration. */
export const exportDoc: TidyRule = {
  name: 'export_doc',
  summary: 'every export has a TSDoc comment',
  *check(file) {
    const documented = new Set<string>()
    let isRunDocumented = false
    for (const statement of file.ast.statements) {
      const names = isExported(statement) ? namesOf(statement) : []
      const isConstant = names.length > 0 && names.every((name) => C_CONSTANT.test(name))
      isRunDocumented =
        isConstant &&
        (file.path.endsWith('_layout.ts') ||
          hasComment(file, statement) ||
          (isRunDocumented && !hasBlankLine(file, statement)))
      if (isRunDocumented || speaksForItself(statement)) continue
      for (const name of names) {
        if (!documented.has(name) && !hasDoc(statement)) {
          yield { line: file.lineOf(statement), message: `export ${name} has no TSDoc comment` }
        }
        documented.add(name)
      }
    }
  },
}

/** A registry's member or a KObject tag. */
function speaksForItself(statement: Node): boolean {
  if (ts.isTypeAliasDeclaration(statement)) return /^KObject<'\w+'>$/.test(statement.type.getText())
  if (!ts.isVariableStatement(statement)) return false
  return statement.declarationList.declarations.every(
    (declaration) => memberKind(declaration) !== undefined,
  )
}

function namesOf(statement: Node): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) =>
      ts.isIdentifier(name) ? name.text : '{…}',
    )
  }
  const name = 'name' in statement ? (statement.name as Node | undefined) : undefined
  return [name && ts.isIdentifier(name) ? name.text : 'default']
}

function hasDoc(statement: Node): boolean {
  return ((statement as { jsDoc?: readonly Node[] }).jsDoc?.length ?? 0) > 0
}

const hasComment = (file: SourceText, statement: Node): boolean => {
  const above = trivia(file, statement)
  // What ends the line of the statement before is not about this one.
  return /\/[/*]/.test(statement.pos === 0 ? above : above.slice(above.indexOf('\n')))
}

const hasBlankLine = (file: SourceText, statement: Node): boolean =>
  /\n\s*\n/.test(trivia(file, statement))

/** Comments and white space before a statement. */
const trivia = (file: SourceText, statement: Node): string =>
  file.text.slice(statement.pos, ts.skipTrivia(file.text, statement.pos))
