// OSTree systems (Fedora CoreOS, Silverblue, RHEL for Edge): command lines belong to deployments, and rpm-ostree makes a new
// one with the changed line.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { readBlsEntries } from '../bls_entries.ts'
import type { BootLoader, EntryChange } from '../boot_loader.ts'
import { findArgs } from '../kernel_args.ts'

/** rpm-ostree kargs. */
export const ostree: BootLoader = {
  name: 'ostree',
  summary: 'rpm-ostree kargs: one command line, in effect from the next deployment on',
  probe: ({ root }) => existsSync(path.join(root, 'run/ostree-booted')),
  readEntries(context) {
    const entries = readBlsEntries(context, '/boot/loader/entries')
    // ostree-2.conf is the newest deployment, which is changed; the others are for going back.
    return entries.slice(0, 1).map((entry) => ({ ...entry, index: undefined, kernel: 'ALL' }))
  },
  plan: (_, changes) => ({
    edits: [],
    commands: changes.map((change) => ['rpm-ostree', 'kargs', ...kargsOptions(change)]),
    notes: [],
  }),
}

function kargsOptions({ entry, changes }: EntryChange): string[] {
  return changes.flatMap(({ key, values }) => {
    const old = findArgs(entry.args, key)
    const [value] = values
    if (old.length === 1 && values.length === 1) return [`--replace=${key}=${value}`]
    return [
      ...old.map((gone) => `--delete=${key}=${gone}`),
      ...values.map((fresh) => `--append=${key}=${fresh}`),
    ]
  })
}
