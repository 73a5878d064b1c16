// GRUB of Debian and Ubuntu: drop-ins of packages (kdump-tools brings one), and update-grub.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { BootLoader } from '../boot_loader.ts'
import { GRUB_DEFAULTS, planGrubDefaults, readGrubDefaults } from '../grub_defaults.ts'

/** /etc/default/grub.d and update-grub. */
export const debianGrub: BootLoader = {
  name: 'debian-grub',
  summary:
    '/etc/default/grub, /etc/default/grub.d/*.cfg and update-grub: one command line for all kernels',
  probe: ({ root }) =>
    existsSync(path.join(root, GRUB_DEFAULTS)) &&
    ['usr/sbin/update-grub', 'sbin/update-grub'].some((file) => existsSync(path.join(root, file))),
  readEntries: readGrubDefaults,
  plan: (context, changes) => ({
    edits: planGrubDefaults(context, changes, '/etc/default/grub.d/kbox.cfg'),
    commands: [['update-grub']],
    notes: [],
  }),
}
