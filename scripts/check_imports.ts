// Who may import whom, as a table of folders: `bin/node scripts/check_imports.ts`. Inside core and inside host a folder
// sees itself and folders above it, often fewer; core sees no Node and no host, ui sees core only. Tests beside the
// sources keep to the same folders, but may use Node, development packages and test/ as well.
import { posix } from 'node:path'
import { isTest, readSourceTree, ts } from './source_tree.ts'
import type { Node, SourceText, SourceTree } from './source_tree.ts'

/** What one folder (and those below it) may import besides itself. */
interface Edges {
  /** Our folders, below src/; one of them stands for all below it. */
  readonly folders: readonly string[]
  /** npm packages; 'node:' stands for Node's own modules. */
  readonly packages?: readonly string[]
}

const NODE = ['node:']
// What those who explain a dump work with; bytes and codecs are behind it.
const ANALYSIS = [
  ...['core/base', 'core/io', 'core/elf', 'core/debuginfo'],
  ...['core/arch', 'core/dump', 'core/program', 'core/kernel'],
]

/** The allowed edges. A change here is a change of the architecture: say why in docs/design/. */
export const EDGES: Readonly<Record<string, Edges>> = {
  'core/base': { folders: [] },
  'core/io': { folders: ['core/base'] },
  // A codec knows bytes only: no files, no page flags.
  'core/codec': { folders: ['core/base'], packages: ['fflate', 'fzstd'] },
  'core/elf': { folders: ['core/base', 'core/io'] },
  'core/debuginfo': { folders: ['core/base', 'core/io', 'core/codec', 'core/elf'] },
  // iced-x86 by its types only: a host loads it.
  'core/arch': {
    folders: ['core/base', 'core/io', 'core/elf', 'core/debuginfo'],
    packages: ['iced-x86'],
  },
  'core/dump': {
    folders: ['core/base', 'core/io', 'core/codec', 'core/elf', 'core/debuginfo', 'core/arch'],
  },
  'core/program': {
    folders: [
      'core/base',
      'core/io',
      'core/codec',
      'core/elf',
      'core/debuginfo',
      'core/arch',
      'core/dump',
    ],
  },
  // Nothing in kernel/ knows an architecture: what differs between them is asked of program.arch.
  'core/kernel': {
    folders: [
      'core/base',
      'core/io',
      'core/codec',
      'core/elf',
      'core/debuginfo',
      'core/dump',
      'core/program',
    ],
  },
  // crash/ and diagnose/ yield data and never format it: render/, report/ and cli/ are not theirs, nor is one the other's.
  'core/crash': { folders: ANALYSIS },
  'core/diagnose': { folders: ANALYSIS },
  // Blocks as text and JSON, for whoever shows them: cli, api and ui.
  'core/render': { folders: [...ANALYSIS, 'core/crash'] },
  'core/report': { folders: [...ANALYSIS, 'core/crash', 'core/diagnose'] },
  // koffi is a door out of JavaScript: one folder has its key.
  // age-encryption by age/age_header.ts only.
  'host/platform': {
    folders: ['core'],
    packages: [...NODE, 'koffi', 'iced-x86', 'age-encryption'],
  },
  // ssh2 by ssh_client.ts only, loaded when an SSH target is opened.
  'host/target': { folders: ['core', 'host/platform'], packages: [...NODE, 'ssh2'] },
  'host/capture': { folders: ['core', 'host/platform', 'host/target'], packages: NODE },
  'host/control': {
    folders: ['core', 'host/platform', 'host/target', 'host/capture'],
    packages: NODE,
  },
  'host/rehearse': {
    folders: ['core', 'host/platform', 'host/target', 'host/capture', 'host/control'],
    packages: [...NODE, 'ssh2'],
  },
  'host/fleet': {
    folders: [
      'core',
      'host/platform',
      'host/target',
      'host/capture',
      'host/control',
      'host/rehearse',
    ],
    packages: NODE,
  },
  // What scripts import as 'kbox': core with a file system under it.
  api: { folders: ['core', 'host/platform'] },
  cli: { folders: ['core', 'host', 'api'], packages: NODE },
  ui: { folders: ['core'] },
}

if (import.meta.main) {
  const messages = checkImports(readSourceTree())
  for (const message of messages) console.log(message)
  console.log(`check_imports: ${messages.length} error(s)`)
  process.exitCode = messages.length > 0 ? 1 : 0
}

/** Check every import below src/ against the table; returns one line a breach, `file:line: message`. */
export function checkImports(tree: SourceTree): string[] {
  const messages: string[] = []
  for (const file of tree.values()) {
    if (!file.path.startsWith('src/')) continue
    const folder = folderOf(file.path)
    if (folder === undefined) {
      messages.push(`${file.path}:1: lies in no folder of the table in scripts/check_imports.ts`)
      continue
    }
    for (const { specifier, line } of importsOf(file)) {
      const what = specifier.startsWith('.')
        ? forbiddenFolder(file, folder, specifier)
        : forbiddenPackage(file, folder, specifier)
      if (what) messages.push(`${file.path}:${line}: ${folder} must not import ${what}`)
    }
  }
  return messages
}

/** The row of the table a file of src/ belongs to. */
function folderOf(path: string): string | undefined {
  const parts = posix.dirname(path).split('/').slice(1)
  return [parts.slice(0, 2).join('/'), parts[0] ?? ''].find((folder) => folder in EDGES)
}

/** Name what an import reaches that it may not; undefined when all is well. */
function forbiddenFolder(file: SourceText, folder: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(file.path), specifier)
  if (!target.startsWith('src/')) {
    return isTest(file.path) && target.startsWith('test/') ? undefined : target
  }
  const to = folderOf(target) ?? posix.dirname(target).slice('src/'.length)
  if (to === folder) return undefined
  const allowed = EDGES[folder]?.folders ?? []
  return allowed.includes(to) || allowed.includes(to.split('/')[0] ?? '') ? undefined : to
}

function forbiddenPackage(file: SourceText, folder: string, specifier: string): string | undefined {
  if (isTest(file.path)) return undefined
  const allowed = EDGES[folder]?.packages ?? []
  const isAllowed = allowed.some((name) =>
    name.endsWith(':')
      ? specifier.startsWith(name)
      : specifier === name || specifier.startsWith(`${name}/`),
  )
  return isAllowed ? undefined : specifier
}

/** Every module a file names: static and dynamic imports, re-exports, types' `import('…')`, workers' `new URL('…')`. */
function* importsOf(file: SourceText): Generator<{ specifier: string; line: number }> {
  for (const node of file.nodes) {
    const specifier = specifierOf(node)
    if (specifier && ts.isStringLiteral(specifier))
      yield { specifier: specifier.text, line: file.lineOf(node) }
  }
}

function specifierOf(node: Node): Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return node.arguments[0]
  if (
    ts.isNewExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'URL'
  ) {
    const relative = node.arguments?.[0]
    return relative && ts.isStringLiteral(relative) && relative.text.endsWith('.ts')
      ? relative
      : undefined
  }
  return undefined
}
