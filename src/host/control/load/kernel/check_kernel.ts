// Whether a kernel file can be loaded at all, as far as that shows without asking the kernel: asking costs the loaded image.
import { HostError } from '../../../../core/base/errors.ts'
import { CMDLINE_MAX, type Machine } from '../cmdline_tables.ts'
import type { LoadSettings } from '../../config/load_settings.ts'
import type { KernelFormat } from './kernel_format.ts'

/**
 * Check a kernel file; the kernel inside a unified kernel image is checked when it has been taken out.
 *
 * @throws {HostError} naming what is wrong with it
 */
export function checkKernelFile(
  file: string,
  { kind, bzImage, beginsWith }: KernelFormat,
  mode: LoadSettings['kexecMode'],
  machine: Machine,
): void {
  if (kind === 'unknown')
    throw new HostError(
      `${file} is no kernel (it begins ${beginsWith}): give its vmlinuz`,
      'ENOEXEC',
    )
  if (bzImage && bzImage.problem !== '')
    throw new HostError(`${file} cannot be loaded: ${bzImage.problem}`, 'ENOEXEC')
  // kexec_file_load takes nothing else on x86; the kexec program also loads a vmlinux.
  if (machine === 'x86_64' && mode === '-s' && kind !== 'bzImage' && kind !== 'uki')
    throw new HostError(`${file} is no bzImage but ${kind}, and KEXEC_ARGS has -s`, 'ENOEXEC')
}

/** Longest command line a kernel takes, without the NUL: its file's own word, else what its architecture has. */
export function cmdlineMaxOf({ bzImage }: KernelFormat, machine: Machine): number {
  return bzImage?.cmdlineMax ?? CMDLINE_MAX[machine]
}
