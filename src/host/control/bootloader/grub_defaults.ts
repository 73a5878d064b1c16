// GRUB configured by /etc/default/grub and its drop-ins, from which grub-mkconfig writes one command line for all kernels.
// Source: GRUB manual "Simple configuration", util/grub-mkconfig.in.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import type { BootContext, BootEntry, EntryChange } from './boot_loader.ts'
import { editFile, type FileEdit, readTree } from './file_edit.ts'
import { type ArgChange, changeArgs, findArgs } from './kernel_args.ts'
import { changeAssignments, evaluateVariable, findAssignments } from './shell_assignment.ts'

/** The file that every GRUB reads. */
export const GRUB_DEFAULTS = '/etc/default/grub'
/** Menu entries get the first, then the second; what comes last counts. */
const VARIABLES = ['GRUB_CMDLINE_LINUX', 'GRUB_CMDLINE_LINUX_DEFAULT'] as const

/** The one entry there is: what all kernels boot with. */
export function readGrubDefaults({ root }: BootContext): BootEntry[] {
  const texts = grubFiles(root).map((file) => readTree(root, file))
  const args = VARIABLES.map((name) => evaluateVariable(texts, name).trim())
  return [
    {
      index: undefined,
      kernel: 'ALL',
      id: GRUB_DEFAULTS,
      args: args.filter((text) => text !== '').join(' '),
      isDefault: true,
    },
  ]
}

/**
 * Plan a change: where the parameter stands last it gets its new value, elsewhere it goes. Where it stands nowhere it
 * is put into `dropIn`, or into /etc/default/grub if there is none.
 */
export function planGrubDefaults(
  { root }: BootContext,
  [wanted]: readonly EntryChange[],
  dropIn: string | undefined,
): FileEdit[] {
  if (!wanted) return []
  const files = grubFiles(root)
  const texts = new Map(files.map((file) => [file, readTree(root, file)]))
  for (const change of wanted.changes) {
    const places = findPlaces(texts, change.key)
    const last = places.at(-1)
    if (!last && change.values.length > 0) addTo(texts, dropIn, change)
    for (const place of places) {
      const values = place === last ? change.values : []
      const text = texts.get(place.file) ?? ''
      const fresh = changeAssignments(text, place.variable, (value, index) =>
        index === place.index ? changeArgs(value, [{ key: change.key, values }]) : value,
      )
      texts.set(place.file, fresh)
    }
  }
  return Array.from(texts, ([file, text]) => editFile(root, file, () => text)).filter(
    (edit) => edit !== undefined,
  )
}

interface Place {
  readonly file: string
  readonly variable: string
  readonly index: number
}

/** In the order in which they come on the command line. */
function findPlaces(texts: ReadonlyMap<string, string>, key: string): Place[] {
  return VARIABLES.flatMap((variable) =>
    Array.from(texts, ([file, text]) =>
      findAssignments(text, variable).flatMap(({ value }, index) =>
        findArgs(value, key).length > 0 ? [{ file, variable, index }] : [],
      ),
    ).flat(),
  )
}

function addTo(texts: Map<string, string>, dropIn: string | undefined, change: ArgChange): void {
  const variable = 'GRUB_CMDLINE_LINUX_DEFAULT'
  if (dropIn !== undefined) {
    const old = texts.get(dropIn) || '# Written by kbox reset-crashkernel.\n'
    texts.set(dropIn, `${old}${variable}="$${variable} ${changeArgs('', [change])}"\n`)
    return
  }
  const text = texts.get(GRUB_DEFAULTS) ?? ''
  const last = findAssignments(text, variable).length - 1
  texts.set(
    GRUB_DEFAULTS,
    last < 0
      ? `${text.replace(/([^\n])$/, '$1\n')}${variable}="${changeArgs('', [change])}"\n`
      : changeAssignments(text, variable, (value, index) =>
          index === last ? changeArgs(value, [change]) : value,
        ),
  )
}

/** In the order in which grub-mkconfig sources them. */
function grubFiles(root: string): string[] {
  const folder = '/etc/default/grub.d'
  try {
    const names = readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.cfg'))
    return [GRUB_DEFAULTS, ...names.toSorted().map((name) => `${folder}/${name}`)]
  } catch {
    return [GRUB_DEFAULTS]
  }
}
