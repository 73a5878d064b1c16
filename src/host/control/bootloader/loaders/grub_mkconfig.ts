// GRUB of SUSE, Arch and others: /etc/default/grub and grub-mkconfig. Snapshots of SUSE take it from there too.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { BootContext, BootLoader } from '../boot_loader.ts'
import { GRUB_DEFAULTS, planGrubDefaults, readGrubDefaults } from '../grub_defaults.ts'

/** The configuration that is written, and what writes it. */
const FORMS = [
  { config: '/boot/grub2/grub.cfg', tool: 'grub2-mkconfig' },
  { config: '/boot/grub/grub.cfg', tool: 'grub-mkconfig' },
] as const

/** /etc/default/grub and grub-mkconfig. */
export const grubMkconfig: BootLoader = {
  name: 'grub-mkconfig',
  summary: '/etc/default/grub and grub2-mkconfig: one command line for all kernels',
  probe: (context) =>
    existsSync(path.join(context.root, GRUB_DEFAULTS)) && findForm(context) !== undefined,
  readEntries: readGrubDefaults,
  plan(context, changes) {
    const { config, tool } = findForm(context) ?? FORMS[0]
    return {
      edits: planGrubDefaults(context, changes, undefined),
      commands: [[tool, '-o', config]],
      notes: [],
    }
  },
}

function findForm({ root }: BootContext) {
  return FORMS.find(({ config }) => existsSync(path.join(root, config)))
}
