// Type names as a person writes them: `struct list_head *`, `unsigned long [3]`, `task_struct`.
import { NotFoundError } from '../base/errors.ts'
import type { Type } from '../debuginfo/type.ts'
import type { TypeProvider, TypeSpace } from '../debuginfo/type_provider.ts'

/** Spellings BTF has under one name only. */
const BASE_SPELLING: Readonly<Record<string, string>> = {
  long: 'long int',
  'unsigned long': 'long unsigned int',
  'unsigned long int': 'long unsigned int',
  'long unsigned': 'long unsigned int',
  unsigned: 'unsigned int',
  short: 'short int',
  'unsigned short': 'short unsigned int',
  'long long': 'long long int',
  'unsigned long long': 'long long unsigned int',
  'signed char': 'signed char',
  bool: '_Bool',
}
/** A bare name means the first of these that knows it; crash users drop the word struct. */
const BARE_ORDER: readonly TypeSpace[] = ['base', 'typedef', 'struct', 'union', 'enum']

/**
 * Parse a C type name.
 *
 * @throws {NotFoundError} kind 'type' if the name is unknown
 */
export function parseType(
  name: string,
  providers: Iterable<TypeProvider>,
  pointerSize: number,
): Type {
  const match = /^\s*(.*?)\s*((?:\*|\[\s*\d*\s*\]|\s)*)$/.exec(
    name.replace(/\b(const|volatile)\b/g, ' ').replace(/\s+/g, ' '),
  )
  const base = (match?.[1] ?? '').replace(/\s+/g, ' ').trim()
  const found = base === 'void' ? ({ kind: 'void' } as const) : findBase(base, providers)
  if (!found) throw new NotFoundError('type', base || name)
  return addDeclarators(found, match?.[2] ?? '', pointerSize)
}

function findBase(base: string, providers: Iterable<TypeProvider>): Type | undefined {
  const tagged = /^(struct|union|enum) (\w+)$/.exec(base)
  const spaces = tagged ? [tagged[1] as TypeSpace] : BARE_ORDER
  const name = tagged ? (tagged[2] as string) : base
  for (const provider of providers) {
    for (const space of spaces) {
      const type =
        provider.findType(space, name) ??
        (space === 'base' ? provider.findType('base', BASE_SPELLING[name] ?? '') : undefined)
      if (type) return type
    }
  }
  return undefined
}

/** `* * [2][3]` after the base: pointers first, then arrays, the last dimension innermost. */
function addDeclarators(base: Type, declarators: string, pointerSize: number): Type {
  let type = base
  for (const _ of declarators.match(/\*/g) ?? [])
    type = { kind: 'pointer', size: pointerSize, target: type }
  const lengths = Array.from(declarators.matchAll(/\[\s*(\d*)\s*\]/g), (match) =>
    Number(match[1] || 0),
  )
  for (const length of lengths.reverse()) type = { kind: 'array', element: type, length }
  return type
}
