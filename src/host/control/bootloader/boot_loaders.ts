// The registry of boot loaders, in the order in which they are asked whether a machine is theirs.
import { HostError } from '../../../core/base/errors.ts'
import type { BootContext, BootLoader } from './boot_loader.ts'
import { bls } from './loaders/bls.ts'
import { debianGrub } from './loaders/debian_grub.ts'
import { grubMkconfig } from './loaders/grub_mkconfig.ts'
import { grubby } from './loaders/grubby.ts'
import { ostree } from './loaders/ostree.ts'
import { systemdBoot } from './loaders/systemd_boot.ts'
import { zipl } from './loaders/zipl.ts'

/**
 * Every boot loader. OSTree forbids what the others do; grubby knows best where it is; zipl's file is on s390x only;
 * GRUB's own files come before those of systemd-boot, whose folders a GRUB machine may have as well.
 */
export const BOOT_LOADERS: readonly BootLoader[] = [
  ostree,
  grubby,
  zipl,
  bls,
  debianGrub,
  grubMkconfig,
  systemdBoot,
]

/** Find the boot loader of a machine. @throws {HostError} if none is known */
export function findBootLoader(context: BootContext): BootLoader {
  const found = BOOT_LOADERS.find(({ probe }) => probe(context))
  if (found) return found
  const known = BOOT_LOADERS.map(({ name }) => name).join(', ')
  throw new HostError(
    `no boot loader that kbox knows (${known}): put crashkernel= on the kernel command line by hand`,
    'ENOENT',
  )
}
