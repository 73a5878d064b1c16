// The registries of style 45: which file lists which folder's formats, codecs, commands, rules … and what makes a member.
import { ts } from '../source_tree.ts'
import type { Node } from '../source_tree.ts'

/** A registry: an array of every member of a kind, each in a file of its own. */
export interface Registry {
  readonly file: string
  /** Where the members lie. */
  readonly folder: string
  /** The members' interface: the type of their const, or the `define…` function that makes it. */
  readonly kind: string
}

/** All registries of kbox. A new kind of pluggable part gets a row here, and a skeleton in scripts/new.ts. */
export const REGISTRIES: readonly Registry[] = [
  { file: 'src/core/codec/codecs.ts', folder: 'src/core/codec', kind: 'Codec' },
  { file: 'src/core/arch/archs.ts', folder: 'src/core/arch', kind: 'Arch' },
  { file: 'src/core/dump/formats.ts', folder: 'src/core/dump', kind: 'DumpFormat' },
  { file: 'src/core/crash/commands.ts', folder: 'src/core/crash/commands', kind: 'Command' },
  { file: 'src/core/diagnose/rules.ts', folder: 'src/core/diagnose/rules', kind: 'Rule' },
  {
    file: 'src/host/control/bootloader/boot_loaders.ts',
    folder: 'src/host/control/bootloader/loaders',
    kind: 'BootLoader',
  },
  {
    file: 'src/host/control/initramfs/backends.ts',
    folder: 'src/host/control/initramfs',
    kind: 'ImageBackend',
  },
  {
    file: 'src/host/control/config/dialects/dialects.ts',
    folder: 'src/host/control/config/dialects',
    kind: 'Dialect',
  },
  {
    file: 'src/host/control/doctor/checks.ts',
    folder: 'src/host/control/doctor/checks',
    kind: 'Check',
  },
  { file: 'src/cli/verbs.ts', folder: 'src/cli/verbs', kind: 'Verb' },
  { file: 'test/compat/claims/claims.ts', folder: 'test/compat/claims', kind: 'Claims' },
  { file: 'scripts/tidy/rules.ts', folder: 'scripts/tidy', kind: 'TidyRule' },
]

/**
 * Tell which kind of member a constant is: annotated with the kind's interface, or made by its `define…` function.
 *
 * @returns a registry's kind; undefined when the constant is no member
 */
export function memberKind(declaration: Node): string | undefined {
  if (!ts.isVariableDeclaration(declaration)) return undefined
  const { type, initializer } = declaration
  const annotation = type && ts.isTypeReferenceNode(type) ? nameOf(type.typeName) : ''
  const maker =
    initializer && ts.isCallExpression(initializer) ? nameOf(initializer.expression) : ''
  return REGISTRIES.find(({ kind }) => annotation === kind || maker === `define${kind}`)?.kind
}

const nameOf = (node: Node): string => (ts.isIdentifier(node) ? node.text : '')
