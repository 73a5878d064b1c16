// The C types of one kernel as types of TypeScript, so that a script is checked against the kernel it examines. Knows no
// kernel: the interfaces are empty until a file written by `kbox types` fills them, and what they do not know is allowed.

/**
 * Members of structs and unions: name of the struct → name of the member → C type of the member.
 *
 * `{ task_struct: { pid: 'int'; comm: 'char[16]'; mm: 'mm_struct *' } }`, filled by `kbox types`.
 */
// oxlint-disable-next-line typescript/no-empty-object-type
export interface KernelTypes {}

/** Typedefs of structs, unions and pointers to them: `{ spinlock_t: 'spinlock' }`. */
// oxlint-disable-next-line typescript/no-empty-object-type
export interface KernelTypedefs {}

/** Names of the values of enums: `{ pid_type: 'PIDTYPE_PID' | 'PIDTYPE_TGID' }`. */
// oxlint-disable-next-line typescript/no-empty-object-type
export interface KernelEnums {}

/** `{ partial: true }` if KernelTypes holds some structs only: those it does not know may have any member. */
// oxlint-disable-next-line typescript/no-empty-object-type
export interface KernelScope {}

/** C types of global variables, as far as they are known: `{ init_task: 'task_struct' }`. */
// oxlint-disable-next-line typescript/no-empty-object-type
export interface KernelVariables {}

// oxlint-disable-next-line typescript/no-explicit-any
type Unknown = any

/** Is there nothing to check against: a tag of any or string, or a kernel without types? */
type IsLoose<Tag> = 0 extends 1 & Tag
  ? true
  : string extends Tag
    ? true
    : keyof KernelTypes extends never
      ? true
      : false

/** What a pointer of this C type points to. */
type Target<Tag> = Tag extends `${infer Type}**`
  ? `${Type}*`
  : Tag extends `${infer Type} *`
    ? Type
    : Tag extends `${infer Type}*`
      ? Type
      : never

/** The key in KernelTypes: no `struct` before it, no typedef. */
type StructName<Tag> = Tag extends `struct ${infer Name}` | `union ${infer Name}`
  ? Name
  : Tag extends keyof KernelTypedefs
    ? KernelTypedefs[Tag]
    : Tag

/** The struct whose members are meant: a pointer's target, once, as C has it with `->`. */
type Holder<Tag> = StructName<[Target<Tag>] extends [never] ? Tag : Target<Tag>>

// In two steps: a compiler that is to see that Name is a key of KernelTypes[Struct] looks at the keys of all structs at once.
type MemberTag<Struct, Name> = Struct extends keyof KernelTypes
  ? MemberOf<KernelTypes[Struct], Name>
  : 'partial' extends keyof KernelScope
    ? Unknown
    : never

type MemberOf<Members, Name> = Name extends keyof Members ? Members[Name] : never

/** The element of an array type; `[4]` and `[2][3]` behind a member's name take one dimension each. */
type ArrayElement<Tag> = Tag extends `${string} *`
  ? never
  : Tag extends `${infer Type} [${number}]${infer Rest}`
    ? `${Type}${Rest}`
    : Tag extends `${infer Type}[${number}]${infer Rest}`
      ? `${Type}${Rest}`
      : never

type Indexed<Tag, Indices> = Indices extends `${string}]${infer Rest}`
  ? Indexed<ArrayElement<Tag>, Rest>
  : Tag

type StepTag<Tag, Step> = Step extends `${infer Name}[${infer Indices}`
  ? Indexed<MemberTag<Holder<Tag>, Name>, Indices>
  : MemberTag<Holder<Tag>, Step>

type PathTag<Tag, Path> = Path extends `${infer Step}.${infer Rest}`
  ? PathTag<StepTag<Tag, Step>, Rest>
  : Path extends `${infer Step}->${infer Rest}`
    ? PathTag<StepTag<Tag, Step>, Rest>
    : StepTag<Tag, Path>

/** The C type at a member path, `never` where there is none. Of several paths, the types of those that exist. */
type FoundTag<Tag, Path> =
  IsLoose<Tag> extends true
    ? Unknown
    : string extends Path
      ? Unknown
      : 0 extends 1 & Tag
        ? Unknown
        : PathTag<Tag, Path>

/** The tag of the object at a path; any where nothing is known. */
export type TagAt<Tag, Path> = AsTag<FoundTag<Tag, Path>>

/**
 * A tag for KObject, any in place of none. The tuples keep a compiler from asking what this may be for any Tag at all: that
 * would be every member of every struct.
 */
type AsTag<Tag> = [Tag] extends [infer Known extends string]
  ? [Known] extends [never]
    ? Unknown
    : Known
  : Unknown

/** Alternative paths a script may ask for: one of them must exist, else the error names what has no such member. */
export type Paths<Tag, Path extends string> = readonly (Path & Checked<Tag, Path>)[]

type Checked<Tag, Path extends string> = [FoundTag<Tag, Path>] extends [never]
  ? NoSuchMember<Tag, Path>
  : unknown

/** What the compiler names where a path leads nowhere: no text is one. */
export interface NoSuchMember<Struct, Path> {
  readonly struct: Struct
  readonly path: Path
}

/** The tag of what a pointer points to. */
export type TargetTag<Tag> = IsLoose<Tag> extends true ? Unknown : AsTag<Target<Tag>>

/** The tag of the elements of an array, or of what a pointer points to. */
export type ElementTag<Tag> =
  IsLoose<Tag> extends true ? Unknown : AsTag<ArrayElement<Tag> | Target<Tag>>

/** The names an enum's values have. */
export type EnumName<Tag> =
  IsLoose<Tag> extends true
    ? string
    : Tag extends `enum ${infer Name}`
      ? Name extends keyof KernelEnums
        ? KernelEnums[Name]
        : string
      : string

/** The tag of a global variable. */
export type VariableTag<Name> = Name extends keyof KernelVariables
  ? AsTag<KernelVariables[Name]>
  : Unknown
