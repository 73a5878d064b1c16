// Typed tables: what commands and reports yield. Text, JSON and HTML render the same data.

/** How a cell is shown as text; the value itself stays typed for JSON and scripts. */
export type CellKind = 'text' | 'address' | 'hex' | 'decimal'
export type Cell = string | number | bigint | boolean | null

export interface Column {
  /** Heading as crash prints it. */
  readonly title: string
  /** Key in JSON; defaults to the lower-case title. */
  readonly key?: string
  readonly kind: CellKind
  readonly align?: 'left' | 'right' | 'center'
}

export interface Table {
  readonly columns: readonly Column[]
  readonly rows: Iterable<readonly Cell[]>
}
