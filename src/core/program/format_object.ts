// Objects and types in C syntax, as gdb and crash print them.

/** How values are shown. */
export interface FormatOptions {
  readonly radix: 10 | 16
}
