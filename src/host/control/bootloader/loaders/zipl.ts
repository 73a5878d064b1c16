// zipl of s390x: entries of the Boot Loader Specification, or sections of /etc/zipl.conf with parameters of their own. The
// boot record is written anew by zipl. Source: zipl.conf(5).
import { existsSync } from 'node:fs'
import path from 'node:path'
import { findBlsFolder, planBlsEdits, readBlsEntries } from '../bls_entries.ts'
import type { BootContext, BootEntry, BootLoader, EntryChange } from '../boot_loader.ts'
import { editFile, type FileEdit, readTree } from '../file_edit.ts'
import { planFutureKernels } from '../future_kernels.ts'
import { changeArgs } from '../kernel_args.ts'

const ZIPL_CONF = '/etc/zipl.conf'

/** /etc/zipl.conf and zipl. */
export const zipl: BootLoader = {
  name: 'zipl',
  summary: 'parameters= in /etc/zipl.conf, or loader entries, and zipl (s390x)',
  probe: ({ root }) => existsSync(path.join(root, ZIPL_CONF)),
  readEntries(context) {
    const folder = findBlsFolder(context)
    return folder === undefined ? readSections(context) : readBlsEntries(context, folder)
  },
  plan(context, changes, isAll) {
    const folder = findBlsFolder(context)
    const edits =
      folder === undefined ? planSections(context, changes) : planBlsEdits(context, folder, changes)
    return {
      edits: [...edits, ...(isAll ? planFutureKernels(context, changes) : [])],
      commands: [['zipl']],
      notes: [],
    }
  },
}

interface Section {
  readonly name: string
  readonly image: string
  readonly parameters: string
  /** Where the parameters are in the text; -1 when there are none. */
  readonly start: number
}

function readSections({ root }: BootContext): BootEntry[] {
  const text = readTree(root, ZIPL_CONF)
  const wanted = /^\s*default\s*=\s*(\S+)/m.exec(text)?.[1]
  return sectionsOf(text).map(({ name, image, parameters }, index) => {
    return { index, kernel: image, id: name, args: parameters, isDefault: name === wanted }
  })
}

function planSections({ root }: BootContext, changes: readonly EntryChange[]): FileEdit[] {
  const edit = editFile(root, ZIPL_CONF, (text) => {
    let changed = text
    for (const section of sectionsOf(text).toReversed()) {
      const wanted = changes.find(({ entry }) => entry.id === section.name)
      if (!wanted) continue
      const { start, parameters } = section
      const fresh = changeArgs(parameters, wanted.changes)
      changed = `${changed.slice(0, start)}${fresh}${changed.slice(start + parameters.length)}`
    }
    return changed
  })
  return edit ? [edit] : []
}

/** Sections that start a kernel with parameters; those with a parmfile are left to their owner. */
function sectionsOf(text: string): Section[] {
  const heads = [...text.matchAll(/^\[([^\]\n]+)\]/gm)]
  return heads
    .map((head, index): Section => {
      const end = heads[index + 1]?.index ?? text.length
      const body = text.slice(head.index, end)
      const parameters = /^[ \t]*parameters[ \t]*=[ \t]*("?)(.*?)\1[ \t]*$/m.exec(body)
      const value = parameters?.[2] ?? ''
      const at = parameters
        ? parameters.index + parameters[0].indexOf(value, parameters[0].indexOf('=') + 1)
        : -1
      return {
        name: head[1] ?? '',
        image: /^[ \t]*image[ \t]*=[ \t]*"?([^\s"]+)/m.exec(body)?.[1] ?? '',
        parameters: value,
        start: parameters ? head.index + at : -1,
      }
    })
    .filter(({ image, start }) => image !== '' && start >= 0)
}
