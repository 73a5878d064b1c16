// Writes docs/report.schema.json: the JSON of `kbox report` as JSON Schema, from the types of src/core/report and those
// they name. `npm run docs`; a test says when it was forgotten. Only forms of types that reports are made of are known:
// any other is an error here.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { docOf, docText } from './doc_comment.ts'
import { parseSourceTree, ts, type Node, type SourceText, type SourceTree } from './source_tree.ts'

/** What is written. */
export const SCHEMA_FILE = 'docs/report.schema.json'

/** A schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>

const ROOT = 'Report'
/** Where the types of a report are declared; names are unique there. */
const FILES = [
  'src/core/report/report_model.ts',
  'src/core/report/model/*.ts',
  'src/core/diagnose/{crash_kind,machine_state,rule,signature,signature_frames}.ts',
  'src/core/kernel/wait_graph.ts',
  'src/core/program/stack_trace.ts',
]

/** The schema as it should be. */
export function reportSchema(): Schema {
  const sources = globSync(FILES).map((path) => [path, readFileSync(path, 'utf8')])
  const types = new TypeTable(parseSourceTree(Object.fromEntries(sources)))
  const root = types.reference(ROOT)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The report of a crash, as `kbox report --json` writes it',
    description: 'Keys may be added without a change of version: ignore those you do not know.',
    ...root,
    $defs: types.definitions(),
  }
}

interface Declaration {
  readonly file: SourceText
  readonly node: Node
}

/** Types by name; those that were referred to become definitions. */
class TypeTable {
  readonly #declarations = new Map<string, Declaration>()
  readonly #definitions = new Map<string, Schema>()

  constructor(tree: SourceTree) {
    for (const file of tree.values()) {
      for (const node of file.ast.statements) {
        if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
          this.#declarations.set(node.name.text, { file, node })
        if (!ts.isVariableStatement(node)) continue
        for (const variable of node.declarationList.declarations)
          if (ts.isIdentifier(variable.name))
            this.#declarations.set(variable.name.text, { file, node: variable })
      }
    }
  }

  definitions(): Schema {
    return Object.fromEntries([...this.#definitions].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  reference(name: string): Schema {
    if (!this.#definitions.has(name)) {
      // Held open first: a type may name itself.
      this.#definitions.set(name, {})
      this.#definitions.set(name, this.#define(name))
    }
    return { $ref: `#/$defs/${name}` }
  }

  #declaration(name: string): Declaration {
    const found = this.#declarations.get(name)
    if (!found) throw new Error(`report schema: no declaration of ${name}`)
    return found
  }

  #define(name: string): Schema {
    const { file, node } = this.#declaration(name)
    const description = docText(docOf(file, node))
    if (ts.isInterfaceDeclaration(node)) return { description, ...this.#object(file, node.members) }
    if (ts.isTypeAliasDeclaration(node)) return { description, ...this.#type(file, node.type) }
    throw new Error(`report schema: ${name} is no type`)
  }

  #object(file: SourceText, members: Iterable<Node>): Schema {
    const properties: Record<string, Schema> = {}
    const required: string[] = []
    for (const member of members) {
      if (
        !ts.isPropertySignatureDeclaration(member) ||
        !ts.isIdentifier(member.name) ||
        !member.type
      )
        throw unknown(file, member)
      const name = member.name.text
      const description = docText(docOf(file, member))
      const type = this.#type(file, member.type)
      properties[name] = description === '' ? type : { description, ...type }
      if (!/^(?:readonly )?\w+\?/.test(textOf(file, member))) required.push(name)
    }
    return { type: 'object', properties, required }
  }

  #type(file: SourceText, node: Node): Schema {
    // `readonly T[]`, and T in parentheses.
    if (ts.isTypeOperatorNode(node) || ts.isParenthesizedTypeNode(node))
      return this.#type(file, node.type)
    if (ts.isArrayTypeNode(node))
      return { type: 'array', items: this.#type(file, node.elementType) }
    if (ts.isTypeLiteralNode(node)) return this.#object(file, node.members)
    if (ts.isUnionTypeNode(node)) return this.#union(file, [...node.types])
    if (ts.isTypeReferenceNode(node)) return this.#named(file, node)
    if (ts.isTypeQueryNode(node)) return { const: this.#constant(textOf(file, node)) }
    return primitive(file, node)
  }

  #union(file: SourceText, nodes: readonly Node[]): Schema {
    const schemas = nodes.map((node) => this.#type(file, node))
    const constants = schemas.flatMap((schema) => ('const' in schema ? [schema['const']] : []))
    const simple = schemas.flatMap(({ type, ...rest }) =>
      typeof type === 'string' && Object.keys(rest).length === 0 ? [type] : [],
    )
    const others = schemas.filter(
      (schema) => !('const' in schema) && !simple.includes(String(schema['type'])),
    )
    const all = [
      ...(constants.length > 0 ? [{ enum: constants }] : []),
      ...(simple.length > 0 ? [{ type: simple.length === 1 ? simple[0] : simple }] : []),
      ...others,
    ]
    return all.length === 1 ? (all[0] ?? {}) : { anyOf: all }
  }

  #named(file: SourceText, node: Node): Schema {
    const text = textOf(file, node)
    const [, name = ''] = /^(\w+)/.exec(text) ?? []
    const parameters =
      'typeArguments' in node ? [...((node.typeArguments as Iterable<Node>) ?? [])] : []
    const last = parameters.at(-1)
    if (name === 'Readonly' && last) return this.#type(file, last)
    if (name === 'Record' && last)
      return { type: 'object', additionalProperties: this.#type(file, last) }
    if (last) throw unknown(file, node)
    return this.reference(name)
  }

  /** The value of `typeof NAME`. */
  #constant(query: string): unknown {
    const { file, node } = this.#declaration(query.replace(/^typeof /, ''))
    const [, value = ''] = /=\s*(\d+)$/.exec(textOf(file, node)) ?? []
    if (value === '') throw new Error(`report schema: ${query} is no number`)
    return Number(value)
  }
}

const PRIMITIVES: Readonly<Record<string, Schema>> = {
  string: { type: 'string' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  null: { type: 'null' },
}

/** Keywords and literals. */
function primitive(file: SourceText, node: Node): Schema {
  const text = textOf(file, node)
  const known = PRIMITIVES[text]
  if (known) return known
  const [, literal] = /^'(.*)'$/.exec(text) ?? []
  if (literal === undefined) throw unknown(file, node)
  return { const: literal }
}

function textOf(file: SourceText, node: Node): string {
  return file.text.slice(ts.skipTrivia(file.text, node.pos), node.end)
}

function unknown(file: SourceText, node: Node): Error {
  return new Error(`${file.path}:${file.lineOf(node)}: no JSON Schema for ${textOf(file, node)}`)
}

/** The file's text. */
export function schemaText(schema: Schema): string {
  return `${JSON.stringify(schema, null, 2)}\n`
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, schemaText(reportSchema()))
