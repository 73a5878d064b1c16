// Where types come from: BTF of the kernel and its modules now, DWARF behind the same face later.
import type { FunctionType, Type } from './type.ts'

/** Name spaces of C types, as a person writes them. */
export type TypeSpace = 'struct' | 'union' | 'enum' | 'typedef' | 'base'

/** A source of types. */
export interface TypeProvider {
  /** Where from, for messages: 'vmlinux BTF', 'BTF of module ext4'. */
  readonly name: string
  /** The first complete type of that name, or undefined. */
  findType(space: TypeSpace, name: string): Type | undefined
  /** The prototype of a function. */
  findFunction(name: string): FunctionType | undefined
  /** Type of a global variable where the debug info has it (BTF: percpu variables only). */
  findVariable(name: string): Type | undefined
  /** Every variable that {@link findVariable} knows. */
  forEachVariable(): Iterable<{ readonly name: string; readonly type: Type }>
  /** Named types of a space, in provider order; for completion and searches. */
  forEachNamed(space: TypeSpace): Iterable<Type>
}
