// GRUB with entries of the Boot Loader Specification: Fedora and RHEL since 8, where grubby is missing or may not be run.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { findBlsFolder, planBlsEdits, readBlsEntries } from '../bls_entries.ts'
import type { BootLoader } from '../boot_loader.ts'
import { readTree } from '../file_edit.ts'
import { planFutureKernels } from '../future_kernels.ts'

/** /boot/loader/entries, read by GRUB. */
export const bls: BootLoader = {
  name: 'bls',
  summary:
    '/boot/loader/entries/*.conf read by GRUB, $kernelopts in grubenv, /etc/default/grub for later kernels',
  probe: (context) =>
    findBlsFolder(context) === '/boot/loader/entries' &&
    (existsSync(path.join(context.root, 'boot/grub2')) ||
      /^GRUB_ENABLE_BLSCFG=["']?true/m.test(readTree(context.root, '/etc/default/grub'))),
  readEntries: (context) => readBlsEntries(context, '/boot/loader/entries'),
  plan: (context, changes, isAll) => ({
    edits: [
      ...planBlsEdits(context, '/boot/loader/entries', changes),
      ...(isAll ? planFutureKernels(context, changes) : []),
    ],
    commands: [],
    notes: [],
  }),
}
