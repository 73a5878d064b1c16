// Our own sources as syntax trees, for tidy and check_imports. TypeScript 7 offers its parser only through an API it
// calls unstable (a tsc process behind a pipe), so nothing outside this file imports it. Syntax only: no types, no
// libraries, which makes parsing 200 files cost 0.2 s, and lets tests parse sources that exist only as strings.
import { globSync, readFileSync } from 'node:fs'
import { createVirtualFileSystem } from 'typescript/unstable/fs'
import { API } from 'typescript/unstable/sync'
import { SyntaxKind, skipTrivia } from 'typescript/unstable/ast'
import type { Node, SourceFile } from 'typescript/unstable/ast'

export * as ts from 'typescript/unstable/ast'
export type { Node } from 'typescript/unstable/ast'

/** One of our source files. */
export interface SourceText {
  /** Path from the repository's root, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
  readonly ast: SourceFile
  /** Every node of the syntax tree, parents before their children. */
  readonly nodes: readonly Node[]
  /** Line of a node's first token, counted from 1; its comments are not part of it. */
  lineOf(node: Node): number
}

/** The files under inspection, by path. */
export type SourceTree = ReadonlyMap<string, SourceText>

const FOLDERS = ['src', 'scripts', 'test', 'bench']
// The parser is handed absolute paths of no real folder.
const ROOT = '/tree'
const OPTIONS = {
  noLib: true,
  noResolve: true,
  types: [],
  noEmit: true,
  allowImportingTsExtensions: true,
}

/** Parse every TypeScript file of the repository; the working folder is its root. */
export function readSourceTree(): SourceTree {
  const paths = globSync(FOLDERS.map((folder) => `${folder}/**/*.ts`)).sort()
  return parseSourceTree(
    Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'utf8')])),
  )
}

/** Parse sources given as path and text. */
export function parseSourceTree(sources: Readonly<Record<string, string>>): SourceTree {
  const files: Record<string, string> = {
    [`${ROOT}/tsconfig.json`]: JSON.stringify({ compilerOptions: OPTIONS, include: ['**/*.ts'] }),
  }
  for (const [path, text] of Object.entries(sources)) files[`${ROOT}/${path}`] = text
  const api = new API({ cwd: ROOT, fs: createVirtualFileSystem(files) })
  try {
    const program = api
      .updateSnapshot({ openProjects: [`${ROOT}/tsconfig.json`] })
      .getProjects()[0]?.program
    const tree = new Map<string, SourceText>()
    for (const [path, text] of Object.entries(sources)) {
      const ast = program?.getSourceFile(`${ROOT}/${path}`)
      if (!ast) throw new Error(`typescript did not parse ${path}`)
      tree.set(path, sourceText(path, text, ast))
    }
    return tree
  } finally {
    api.close()
  }
}

function sourceText(path: string, text: string, ast: SourceFile): SourceText {
  const lines = text.split('\n')
  const starts = [0]
  for (const line of lines) starts.push((starts.at(-1) as number) + line.length + 1)
  return {
    path,
    text,
    lines,
    ast,
    nodes: [...forEachNode(ast)],
    lineOf: (node) => {
      const at = skipTrivia(text, node.pos)
      // Binary search for the last line that starts at or before the node.
      let low = 0
      let high = lines.length
      while (high - low > 1) {
        const middle = (low + high) >> 1
        if ((starts[middle] as number) <= at) low = middle
        else high = middle
      }
      return low + 1
    },
  }
}

/** Walk a node and all below it, parents first. */
export function* forEachNode(node: Node): Generator<Node> {
  yield node
  const children: Node[] = []
  node.forEachChild((child) => {
    children.push(child)
  })
  for (const child of children) yield* forEachNode(child)
}

const FUNCTION_KINDS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
])

/** Is the node code to be called: a function, arrow, method, accessor or constructor? */
export const isFunction = (node: Node): boolean => FUNCTION_KINDS.has(node.kind)

/** Does a statement begin with a keyword such as `export` or `default`? */
export function hasModifier(statement: Node, modifier: SyntaxKind): boolean {
  if (!('modifiers' in statement)) return false
  const modifiers = statement.modifiers as readonly Node[] | undefined
  return modifiers?.some(({ kind }) => kind === modifier) ?? false
}

/** Is the declaration exported? */
export const isExported = (statement: Node): boolean =>
  hasModifier(statement, SyntaxKind.ExportKeyword)

/** Is it a test beside its source, with the freedoms of one? */
export const isTest = (path: string): boolean => path.endsWith('.test.ts')
