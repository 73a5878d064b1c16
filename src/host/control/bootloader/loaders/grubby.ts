// grubby, where it is installed: it knows GRUB's, zipl's and old boot loaders' files. Source: grubby(8), its output.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { BootContext, BootEntry, BootLoader, EntryChange } from '../boot_loader.ts'

/** The grubby program. */
export const grubby: BootLoader = {
  name: 'grubby',
  summary: 'the grubby program: an entry at a time, or all and /etc/default/grub',
  // In a tree that is only looked at there is nothing to run.
  probe: ({ root, run }) =>
    run !== undefined &&
    ['usr/sbin/grubby', 'usr/bin/grubby', 'sbin/grubby'].some((file) =>
      existsSync(path.join(root, file)),
    ),
  readEntries: (context) =>
    parseGrubbyInfo(run(context, ['grubby', '--info=ALL']), defaultIndex(context)),
  plan(context, changes, isAll) {
    const commands =
      isAll && isUniform(changes)
        ? [updateCommand('ALL', changes[0])]
        : changes.map((change) => updateCommand(String(change.entry.index), change))
    const hasZipl = existsSync(path.join(context.root, 'etc/zipl.conf'))
    return { edits: [], commands: [...commands, ...(hasZipl ? [['zipl']] : [])], notes: [] }
  },
}

/** Parse `grubby --info=ALL`. */
export function parseGrubbyInfo(text: string, defaultEntry: number): BootEntry[] {
  return text
    .split(/^(?=index=)/m)
    .map((block) => {
      const field = (name: string): string =>
        new RegExp(`^${name}="?(.*?)"?$`, 'm').exec(block)?.[1] ?? ''
      const index = Number.parseInt(field('index'), 10)
      return {
        index,
        kernel: field('kernel'),
        id: field('id'),
        args: field('args'),
        isDefault: index === defaultEntry,
      }
    })
    .filter(({ index, kernel }) => Number.isInteger(index) && kernel !== '')
}

function updateCommand(which: string, change: EntryChange | undefined): string[] {
  const { changes = [] } = change ?? {}
  const set: string[] = []
  const gone: string[] = []
  for (const { key, values } of changes) {
    if (values.length === 0) gone.push(key)
    // grubby takes all old ones away before it adds the new ones.
    set.push(...values.map((value) => `${key}=${value}`))
  }
  return [
    ...['grubby', '--update-kernel', which],
    ...(gone.length > 0 ? ['--remove-args', gone.join(' ')] : []),
    ...(set.length > 0 ? ['--args', set.join(' ')] : []),
  ]
}

function isUniform(changes: readonly EntryChange[]): boolean {
  const [first] = changes
  return (
    first !== undefined &&
    changes.every((change) => JSON.stringify(change.changes) === JSON.stringify(first.changes))
  )
}

function defaultIndex(context: BootContext): number {
  return Number.parseInt(run(context, ['grubby', '--default-index']), 10)
}

function run(context: BootContext, argv: readonly string[]): string {
  return context.run?.(argv) ?? ''
}
