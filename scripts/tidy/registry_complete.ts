// Style 45: a format, codec, command, rule … is a file that exports one const of its interface type, named like the
// file, and is listed in its registry. A file that nobody lists would be dead code that looks alive.
import { isExported, ts } from '../source_tree.ts'
import type { Node, SourceText } from '../source_tree.ts'
import { memberKind, REGISTRIES } from './registries.ts'
import type { TidyRule } from './tidy_rule.ts'

/** Demand that every member of a kind is named like its file and listed in the kind's registry. */
export const registryComplete: TidyRule = {
  name: 'registry_complete',
  summary:
    'every format, codec, arch, command, rule and target is named like its file and listed in its registry',
  *check(file, tree) {
    const registry = REGISTRIES.find(
      ({ folder }) =>
        file.path.startsWith(`${folder}/`) && !file.path.slice(folder.length + 1).includes('/'),
    )
    if (!registry || file.path === registry.file) return
    const stem = file.path.slice(registry.folder.length + 1, -'.ts'.length)
    for (const { name, declaration } of membersOf(file, registry.kind)) {
      const line = file.lineOf(declaration)
      if (!isNamedLike(name, stem)) {
        yield {
          line,
          message: `${registry.kind} ${name} is not named like its file: expected ${camelCase(stem)}`,
        }
      }
      if (!isListed(tree.get(registry.file), stem)) {
        yield { line, message: `${registry.kind} ${name} is missing from ${registry.file}` }
      }
    }
  },
}

/** Exported constants of the registry's kind. */
function membersOf(file: SourceText, kind: string): { name: string; declaration: Node }[] {
  const members: { name: string; declaration: Node }[] = []
  for (const statement of file.ast.statements) {
    if (!ts.isVariableStatement(statement) || !isExported(statement)) continue
    for (const declaration of statement.declarationList.declarations) {
      const { name } = declaration
      if (ts.isIdentifier(name) && memberKind(declaration) === kind)
        members.push({ name: name.text, declaration })
    }
  }
  return members
}

const camelCase = (stem: string): string =>
  stem.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

/** `x86_64` keeps its spelling; a name that JavaScript reserves may end in its kind: `deleteCommand`, `evalClaims`. */
const isNamedLike = (name: string, stem: string): boolean =>
  name === stem ||
  name === camelCase(stem) ||
  ['Command', 'Claims', 'Verb'].some((kind) => name.startsWith(camelCase(stem) + kind))

function isListed(registry: SourceText | undefined, stem: string): boolean {
  return (
    registry?.ast.statements.some(
      (statement) =>
        ts.isImportDeclaration(statement) &&
        ts.isStringLiteral(statement.moduleSpecifier) &&
        statement.moduleSpecifier.text.endsWith(`/${stem}.ts`),
    ) ?? false
  )
}
