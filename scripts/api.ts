// Writes what scripts can import from 'kbox', after the exports of the kernel's helpers and of what they are made of:
// src/api/kbox.ts, the names for `--code` in src/core/crash/api_names.ts, and docs/api.md. `npm run api` after adding a
// helper; a test says when it was forgotten. An export marked @internal stays out, and so do the files named below.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { docOf } from './doc_comment.ts'
import { hasModifier, isExported, isTest, parseSourceTree, ts } from './source_tree.ts'
import type { Node, SourceText } from './source_tree.ts'

const DOOR = 'src/api/kbox.ts'
const NAMES = 'src/core/crash/api_names.ts'
const DOCUMENT = 'docs/api.md'
/** Its interfaces are added to by `kbox types`, which TypeScript allows behind `export *` only. */
const KERNEL_TYPES = 'src/core/program/kernel_types.ts'

/** Folders all of whose exports are offered. */
const FOLDERS = ['src/api', 'src/core/kernel', 'src/core/program']
/** How the folders above do what they do. */
const INTERNAL = new Set([
  DOOR,
  KERNEL_TYPES,
  ...[
    'c_arithmetic',
    'c_lexer',
    'c_text',
    'call_site',
    'global_types',
    'member_path',
    'parse_type',
  ].map((name) => `src/core/program/${name}.ts`),
  'src/core/program/snapshot_memory.ts',
])
/** Of other folders, what signatures mention and scripts need. */
const ALSO: Readonly<Record<string, readonly string[] | 'all'>> = {
  'src/core/base/addr.ts': ['wrap64'],
  'src/core/base/errors.ts': 'all',
  'src/core/base/hex.ts': 'all',
  'src/core/base/rust_demangle.ts': 'all',
  'src/core/base/table.ts': ['Cell', 'CellFault', 'Column', 'readCell'],
  'src/core/arch/arch.ts': ['Registers'],
  'src/core/debuginfo/symbol_index.ts': ['KernelSymbol'],
  'src/core/debuginfo/type.ts': 'all',
}

/** Something a script can import. */
interface ApiExport {
  readonly name: string
  readonly isType: boolean
  readonly file: SourceText
  readonly statement: Node
  /** The first sentence of its comment. */
  readonly summary: string
}

/** The files, as they should be: path → text. */
export function apiFiles(): Record<string, string> {
  const exports = readExports()
  return {
    [DOOR]: format(DOOR, doorText(exports)),
    [NAMES]: format(NAMES, namesText(exports)),
    [DOCUMENT]: documentText(exports),
  }
}

/** Are two things offered under one name? One line each. */
export function nameClashes(exports: readonly ApiExport[] = readExports()): string[] {
  const seen = new Map<string, ApiExport>()
  const clashes: string[] = []
  for (const each of exports) {
    const other = seen.get(each.name)
    if (other && other.file !== each.file)
      clashes.push(
        `${each.name} is exported by ${other.file.path} and ${each.file.path}: rename one, or mark it @internal`,
      )
    seen.set(each.name, each)
  }
  return clashes
}

function readExports(): ApiExport[] {
  const paths = [
    ...globSync(FOLDERS.map((folder) => `${folder}/*.ts`)).filter(
      (file) => !isTest(file) && !INTERNAL.has(file),
    ),
    ...Object.keys(ALSO),
  ].sort()
  const tree = parseSourceTree(
    Object.fromEntries(paths.map((file) => [file, readFileSync(file, 'utf8')])),
  )
  return Array.from(tree.values()).flatMap((file) => {
    const wanted = ALSO[file.path] ?? 'all'
    return [...exportsOf(file)].filter(({ name }) => wanted === 'all' || wanted.includes(name))
  })
}

function* exportsOf(file: SourceText): Generator<ApiExport> {
  const seen = new Set<string>()
  for (const statement of file.ast.statements) {
    // Without the modifier it is a re-export, which is offered where it is declared.
    if (!isExported(statement) || ts.isExportDeclaration(statement)) continue
    const doc = docOf(file, statement)
    if (doc.includes('@internal')) continue
    const isType = ts.isTypeAliasDeclaration(statement) || ts.isInterfaceDeclaration(statement)
    for (const name of namesOf(statement)) {
      if (seen.has(name)) continue
      seen.add(name)
      yield { name, isType, file, statement, summary: firstSentence(doc) }
    }
  }
}

function namesOf(statement: Node): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) =>
      ts.isIdentifier(name) ? [name.text] : [],
    )
  const name = 'name' in statement ? (statement.name as Node | undefined) : undefined
  return name && ts.isIdentifier(name) ? [name.text] : []
}

function firstSentence(doc: string): string {
  const text = doc
    .replace(/^\s*\*? ?/gm, ' ')
    .split(/\n\s*\n|\s@(?:param|returns|yields|throws|source)\b/)[0] as string
  const plain = text.replace(/\s+/g, ' ').trim()
  return /^.*?\.(?= |$)/.exec(plain)?.[0] ?? plain
}

function doorText(exports: readonly ApiExport[]): string {
  const lines = [
    "// What scripts import as 'kbox': `import { open, forEachTask } from 'kbox'`. Written by `npm run api`, which lists what",
    '// it takes; do not edit.',
    `export * from '${specifier(KERNEL_TYPES)}'`,
  ]
  for (const [file, group] of byFile(exports)) {
    const names = (isType: boolean): string =>
      group
        .filter((each) => each.isType === isType)
        .map(({ name }) => name)
        .join(', ')
    if (names(false) !== '') lines.push(`export { ${names(false)} } from '${specifier(file)}'`)
    if (names(true) !== '') lines.push(`export type { ${names(true)} } from '${specifier(file)}'`)
  }
  return `${lines.join('\n')}\n`
}

function specifier(file: string): string {
  const relative = path.posix.relative(path.posix.dirname(DOOR), file)
  return relative.startsWith('.') ? relative : `./${relative}`
}

function byFile(exports: readonly ApiExport[]): Map<string, ApiExport[]> {
  return Map.groupBy(exports, ({ file }) => file.path)
}

function namesText(exports: readonly ApiExport[]): string {
  const names = exports
    .filter(({ isType }) => !isType)
    .map(({ name }) => name)
    .sort()
  return `// The values scripts can import from 'kbox', for the import line of \`--code\`. Written by \`npm run api\`; do not edit.

/** Names of values, in alphabetical order. */
export const API_NAMES: readonly string[] = [${names.map((name) => `'${name}'`).join(', ')}]
`
}

const DOCUMENT_HEAD = `# The API

Written by \`npm run api\` from the sources; do not edit. [cookbook.md](cookbook.md) shows how it is used.

\`import { open, forEachTask } from 'kbox'\` in a script run by \`kbox run SCRIPT VMCORE\`. \`kbox types VMCORE\` writes the
types of that kernel's structs: with them \`tsc\` and the editor know the members of every \`KObject\`. Everything is
synchronous; what the dump does not have throws a \`KdumpError\`.
`

function documentText(exports: readonly ApiExport[]): string {
  const parts = [DOCUMENT_HEAD]
  const order = ['src/api', 'src/core/program', 'src/core/kernel']
  const groups = Array.from(byFile(exports)).sort(
    ([left], [right]) => rank(order, left) - rank(order, right),
  )
  for (const [file, group] of groups) {
    const about = firstComment(group[0] as ApiExport)
    parts.push(`## ${path.posix.basename(file, '.ts')}\n\n${about}\n`)
    parts.push(...group.map(entryText), '')
  }
  return `${parts.join('\n').trimEnd()}\n`
}

function rank(order: readonly string[], file: string): number {
  const at = order.findIndex((folder) => file.startsWith(`${folder}/`))
  return at < 0 ? order.length : at
}

/** What the file says of itself, without where it has it from. */
function firstComment({ file }: ApiExport): string {
  const lines = file.lines.slice(
    0,
    file.lines.findIndex((line) => !line.startsWith('//')),
  )
  return firstSentence(lines.map((line) => line.replace(/^\/\/ ?/, '')).join('\n'))
}

function entryText(each: ApiExport): string {
  const text = each.summary === '' ? '' : `: ${each.summary}`
  const entry = `- \`${signature(each)}\`${text}`
  if (!ts.isClassDeclaration(each.statement)) return entry
  return [entry, ...memberLines(each.file, each.statement)].join('\n')
}

function signature({ name, file, statement }: ApiExport): string {
  if (ts.isFunctionDeclaration(statement)) {
    const end = statement.body?.pos ?? statement.end
    return headText(file, statement, end).replace(/^export function\s*\*?\s*/, '')
  }
  const kind = ts.isClassDeclaration(statement)
    ? 'class '
    : ts.isInterfaceDeclaration(statement)
      ? 'interface '
      : ts.isTypeAliasDeclaration(statement)
        ? 'type '
        : ''
  return `${kind}${name}`
}

function headText(file: SourceText, node: Node, end: number): string {
  return file.text
    .slice(ts.skipTrivia(file.text, node.pos), end)
    .replace(/\s+/g, ' ')
    .replace(/\( /g, '(')
    .replace(/,? \)/g, ')')
    .trim()
}

/** Methods and getters of a class that are not private. */
function* memberLines(
  file: SourceText,
  statement: Node & { members: Iterable<Node> },
): Generator<string> {
  const seen = new Set<string>()
  for (const member of statement.members) {
    const isGetter = ts.isGetAccessorDeclaration(member)
    const isField = ts.isPropertyDeclaration(member)
    if (!isGetter && !isField && !ts.isMethodDeclaration(member)) continue
    if (hasModifier(member, ts.SyntaxKind.DeclareKeyword)) continue
    const body = 'body' in member ? (member.body as Node | undefined) : undefined
    const head =
      isField && member.type === undefined ? '' : headText(file, member, body?.pos ?? member.end)
    if (head === '' || head.startsWith('#') || head.startsWith('readonly #')) continue
    const name = namesOf(member)[0] ?? head
    if (seen.has(name)) continue
    seen.add(name)
    const doc = firstSentence(docOf(file, member))
    const text = (isField ? head.replace(/ = .*/, '') : head)
      .replace(/^\*?\[Symbol\.(\w+)\].*/, '[Symbol.$1]')
      // How paths are checked against a kernel's types is not what a reader looks for.
      .replace(/<const P extends string>\(\.\.\.paths: [^)]*\)/, '(...paths: string[])')
      .replace(/KObject<\w+<Tag[^|)]*>/, 'KObject')
      .replace(/EnumName<.*>/, 'string')
    yield `  - \`${text}\`${doc === '' ? '' : `: ${doc}`}`
  }
}

function format(file: string, text: string): string {
  return execFileSync('node_modules/.bin/oxfmt', ['--stdin-filepath', file], {
    input: text,
    encoding: 'utf8',
  })
}

if (import.meta.main) {
  for (const clash of nameClashes()) {
    console.error(`api: ${clash}`)
    process.exitCode = 1
  }
  for (const [file, text] of Object.entries(apiFiles())) writeFileSync(file, text)
}
