// A report as sections of plain blocks: what text and Markdown have in common.

/** A heading, and what is below it. */
export interface Section {
  readonly title: string
  readonly blocks: readonly SectionBlock[]
}

/** One piece of a section. */
export type SectionBlock =
  /** Labels and values; what is null is left out. */
  | { readonly kind: 'fields'; readonly fields: readonly Field[] }
  | { readonly kind: 'items'; readonly title: string; readonly items: readonly SectionItem[] }
  /** Text as the dump or a command has it. */
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'table'; readonly titles: readonly string[]; readonly rows: readonly Row[] }
  | { readonly kind: 'text'; readonly text: string }

/** A label and its value. */
export type Field = readonly [label: string, value: string | number | null]

/** Cells of a table; numbers go to the right. */
export type Row = readonly (string | number | null)[]

/** A point of a list, and the command that shows it; '' for none. */
export interface SectionItem {
  readonly text: string
  readonly command: string
}

/** Labels and values. */
export const fieldsBlock = (...fields: readonly Field[]): SectionBlock => ({
  kind: 'fields',
  fields,
})

/** A list with a line above it. */
export const itemsBlock = (title: string, items: readonly SectionItem[]): SectionBlock => ({
  kind: 'items',
  title,
  items,
})

/** Text as it is. */
export const linesBlock = (lines: readonly string[]): SectionBlock => ({ kind: 'lines', lines })

/** A paragraph. */
export const textBlock = (text: string): SectionBlock => ({ kind: 'text', text })

/** A table. */
export const tableBlock = (titles: readonly string[], rows: readonly Row[]): SectionBlock => ({
  kind: 'table',
  titles,
  rows,
})

/** A point without a command. */
export const plainItem = (text: string): SectionItem => ({ text, command: '' })
