// What a crash command is: a declaration, and a run that yields typed blocks. Commands never print;
// core/render makes text and JSON of the same blocks.
import type { OptionSpecs, OptionValues } from '../base/options.ts'
import type { Cell, CellKind, Table } from '../base/table.ts'
import type { Type } from '../debuginfo/type.ts'
import type { FormatOptions } from '../program/format_object.ts'
import type { KObject } from '../program/kobject.ts'
import type { Session } from './session.ts'

/** A command, as declared; `O` is inferred from `options`. */
export interface CommandSpec<O extends OptionSpecs = OptionSpecs> {
  readonly name: string
  /** Other names; each may stand for the name with arguments put first: `dmesg` is `log`, `hex` is `set radix 16`. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>
  /** A few words, for the list of `help`. */
  readonly summary: string
  /** Operands in crash's notation: `[pid | taskp] ...`; options are added by themselves. */
  readonly operands?: string
  /** Paragraphs for `help NAME`. */
  readonly description?: string
  readonly examples?: readonly Example[]
  readonly options: O
  /** Everything after the first operand is the operands' own: `foreach`. */
  readonly stopAtOperand?: boolean
  /** Operands it cannot do without; fewer is answered with the usage. */
  readonly operandsMin?: number
  /**
   * May `foreach` run it? true: once a task, which it heads itself; 'headed': once a task, below a heading
   * by foreach; 'together': once, all tasks as operands.
   */
  readonly perTask?: true | 'headed' | 'together'
  /** What the dump must have for it to work; the runner refuses with the reason otherwise. */
  readonly needs?: readonly CommandNeed[]
  /**
   * The body of a script that prints the essence of it, for `--code`: `program` and, if it is mentioned, `task` (the
   * current task) are there, what 'kbox' exports is imported by name.
   */
  readonly code: (args: CommandArgs<O>, session: Session) => string
  /**
   * Do the work.
   *
   * Throwing a KdumpError ends the command with `name: message`; blocks yielded before are shown.
   */
  run(session: Session, args: CommandArgs<O>): Iterable<Block>
}

/** What a command may need of a dump. */
export type CommandNeed = 'symbols' | 'types'

/** A command line, parsed by the command's declaration. */
export interface CommandArgs<O extends OptionSpecs = OptionSpecs> {
  readonly values: OptionValues<O>
  readonly operands: readonly string[]
}

/** A command line worth trying, and what it shows. */
export interface Example {
  readonly text: string
  readonly command: string
}

/** A command of any options, as the registry holds it. */
export type Command = Omit<CommandSpec, 'run' | 'code'> & {
  code(args: CommandArgs, session: Session): string
  run(session: Session, args: CommandArgs): Iterable<Block>
}

/** Declare a command; its arguments are typed by its options. */
export function defineCommand<const O extends OptionSpecs>(spec: CommandSpec<O>): Command {
  // The runner parses by these very options, so the narrower argument type is what run receives.
  return spec
}

/** What commands yield. */
export type Block =
  | TableBlock
  | RecordBlock
  | LinesBlock
  | ObjectBlock
  | DefinitionBlock
  | BytesBlock
  | SectionBlock
  | ProblemBlock

/** Rows of typed cells. */
export interface TableBlock extends Table {
  readonly kind: 'table'
  /** How text shows it where crash's output is not aligned columns under their titles. */
  readonly layout?: RowLayout
}

/** Text of rows in a layout of crash's own. */
export interface RowLayout {
  /** First line; '' for none. Absent: the column titles. */
  readonly heading?: string
  /** One row as text, without newline (but it may contain some). */
  readonly line?: (row: readonly Cell[]) => string
}

/** Named values of one thing: `sys`'s banner, a task's heading. */
export interface RecordBlock {
  readonly kind: 'record'
  readonly fields: readonly RecordField[]
  /** 'column': one a line, labels right-aligned as in `sys`; 'line': all in one line, as in a task's heading. */
  readonly layout: 'column' | 'line'
  /** Columns the labels of 'column' are right-aligned in; absent: the longest one's. */
  readonly labelWidth?: number
}

/** One named value. */
export interface RecordField {
  /** `PID`; shown as `PID: `. */
  readonly title: string
  /** Key in JSON; defaults to the lower-case title. */
  readonly key?: string
  readonly kind: CellKind
  readonly value: Cell
  /** How text shows the value, where it is not the plain cell (`"init"`, `512 MB`). */
  readonly text?: string
  /** Least characters of the value in the 'line' layout, padded on the right. */
  readonly width?: number
}

/** Text that is text in the dump too. */
export interface LinesBlock {
  readonly kind: 'lines'
  readonly lines: Iterable<string>
}

/** An object in C syntax. */
export interface ObjectBlock {
  readonly kind: 'object'
  readonly object: KObject
  readonly format: FormatOptions
  /** What stands before the value: `struct list_head `, `jiffies = $3 = `. */
  readonly prefix?: string
  /** Only these members, by path, one a line: `  pid = 0,`. */
  readonly members?: readonly string[]
  /** Show what member pointers point to as well. */
  readonly follow?: boolean
  /** Whose copy of a percpu variable it is. */
  readonly cpu?: number
  /** Lines above it: the address of a list's entry. */
  readonly heading?: readonly string[]
}

/** A type's definition in C syntax, its size below. */
export interface DefinitionBlock {
  readonly kind: 'definition'
  readonly type: Type
  /** Only these members, by path. */
  readonly members?: readonly string[]
  /** Show the byte offset of each member, counted from this base: 0n, or an object's address. */
  readonly offsetsFrom?: bigint
  /** Radix of sizes and offsets. */
  readonly radix: 10 | 16
}

/** Raw bytes, for `rd -r FILE`: core writes no files, the shell does. */
export interface BytesBlock {
  readonly kind: 'bytes'
  readonly file: string
  /** Where the bytes come from. */
  readonly start: bigint
  readonly chunks: Iterable<Uint8Array>
}

/** Blocks under a heading: one task of `foreach`, one CPU of `bt -a`. Text sets sections apart by an empty line. */
export interface SectionBlock {
  readonly kind: 'section'
  readonly heading: RecordBlock | undefined
  readonly blocks: Iterable<Block>
}

/** Something that failed while the rest went on; shown as `command: message`. */
export interface ProblemBlock {
  readonly kind: 'problem'
  readonly command: string
  readonly message: string
  /** Lines of usage below the message, after a wrong option. */
  readonly usage?: readonly string[]
}

/** Rows under columns; `layout` where crash prints them in a way of its own. */
export function table(
  columns: Table['columns'],
  rows: Table['rows'],
  layout?: RowLayout,
): TableBlock {
  return layout === undefined
    ? { kind: 'table', columns, rows }
    : { kind: 'table', columns, rows, layout }
}

/** Text lines. */
export function lines(...text: string[]): LinesBlock {
  return { kind: 'lines', lines: text }
}

/** Named values. */
export function record(layout: RecordBlock['layout'], fields: readonly RecordField[]): RecordBlock {
  return { kind: 'record', layout, fields }
}
