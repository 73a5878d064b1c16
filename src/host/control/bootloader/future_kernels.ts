// What kernels installed later boot with: files that kernel-install and GRUB's tools start from.
import type { BootContext, EntryChange } from './boot_loader.ts'
import { editFile, type FileEdit, readTree } from './file_edit.ts'
import { changeArgs } from './kernel_args.ts'
import { changeAssignments, findAssignments } from './shell_assignment.ts'

/** kernel-install(8) writes entries with this command line. */
export const KERNEL_CMDLINE = '/etc/kernel/cmdline'
const GRUB_DEFAULTS = '/etc/default/grub'

/** Plan the change for kernels that are not there yet, in the files that are. */
export function planFutureKernels(
  { root }: BootContext,
  changes: readonly EntryChange[],
): FileEdit[] {
  const [first] = changes
  if (!first) return []
  const { changes: wanted } = first
  const edits: (FileEdit | undefined)[] = []
  if (readTree(root, KERNEL_CMDLINE) !== '')
    edits.push(editFile(root, KERNEL_CMDLINE, (text) => changeArgs(text, wanted)))
  const last = findAssignments(readTree(root, GRUB_DEFAULTS), 'GRUB_CMDLINE_LINUX').length - 1
  if (last >= 0) {
    edits.push(
      editFile(root, GRUB_DEFAULTS, (text) =>
        changeAssignments(text, 'GRUB_CMDLINE_LINUX', (value, index) =>
          index === last ? changeArgs(value, wanted) : value,
        ),
      ),
    )
  }
  return edits.filter((edit) => edit !== undefined)
}
