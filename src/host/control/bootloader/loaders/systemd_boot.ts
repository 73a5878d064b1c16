// systemd-boot: entries on the EFI or boot partition, /etc/kernel/cmdline for those that kernel-install writes later.
// Unified kernel images carry their command line inside; it comes from the same file when they are built.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { UnsupportedError } from '../../../../core/base/errors.ts'
import { findBlsFolder, planBlsEdits, readBlsEntries } from '../bls_entries.ts'
import type { BootContext, BootEntry, BootLoader } from '../boot_loader.ts'
import { readTree } from '../file_edit.ts'
import { KERNEL_CMDLINE, planFutureKernels } from '../future_kernels.ts'
import { compareNewestFirst } from '../kernel_path.ts'

const UKI_FOLDERS = ['/efi/EFI/Linux', '/boot/efi/EFI/Linux', '/boot/EFI/Linux']

/** Entries of systemd-boot, and unified kernel images. */
export const systemdBoot: BootLoader = {
  name: 'systemd-boot',
  summary: 'loader/entries/*.conf of systemd-boot, unified kernel images, and /etc/kernel/cmdline',
  probe: (context) => findBlsFolder(context) !== undefined || listUkis(context).length > 0,
  readEntries(context) {
    const folder = findBlsFolder(context)
    const entries = folder === undefined ? [] : readBlsEntries(context, folder)
    return [...entries, ...readUkis(context, entries.length)]
  },
  plan(context, changes, isAll) {
    const folder = findBlsFolder(context)
    const files = changes.filter(({ entry }) => !isUki(entry))
    const hasUkis = changes.some(({ entry }) => isUki(entry))
    if (hasUkis && !isAll) {
      throw new UnsupportedError(
        'the command line of one unified kernel image: it is sealed in the image; use --kernel=ALL, which changes /etc/kernel/cmdline and builds all images anew',
      )
    }
    if (hasUkis && readTree(context.root, KERNEL_CMDLINE) === '') {
      throw new UnsupportedError(
        `unified kernel images without ${KERNEL_CMDLINE}: put the whole command line there first (/proc/cmdline without BOOT_IMAGE and initrd)`,
      )
    }
    return {
      edits: [
        ...(folder === undefined ? [] : planBlsEdits(context, folder, files)),
        ...(isAll ? planFutureKernels(context, changes) : []),
      ],
      commands: hasUkis ? [['kernel-install', 'add-all']] : [],
      notes:
        isAll && readTree(context.root, KERNEL_CMDLINE) === ''
          ? [`there is no ${KERNEL_CMDLINE}: kernels installed later take what is running then`]
          : [],
    }
  },
}

function isUki({ kernel }: BootEntry): boolean {
  return kernel.endsWith('.efi')
}

function readUkis(context: BootContext, from: number): BootEntry[] {
  const args = readTree(context.root, KERNEL_CMDLINE).trim()
  return listUkis(context).map((file, index) => {
    return { index: from + index, kernel: file, id: file, args, isDefault: from + index === 0 }
  })
}

function listUkis({ root }: BootContext): string[] {
  return UKI_FOLDERS.flatMap((folder) => {
    try {
      const names = readdirSync(path.join(root, folder)).filter((name) => /\.efi$/i.test(name))
      return names.toSorted(compareNewestFirst).map((name) => `${folder}/${name}`)
    } catch {
      return []
    }
  })
}
