// A QEMU save or migration stream, bare or as libvirt stores it: devices and memory in one stream, made to resume the
// machine. It is not read; who made it wanted a dump, and is told how to get one. Source: libvirt src/qemu/qemu_saveimage.h.
import { UnsupportedError } from '../base/errors.ts'
import { decodeAscii } from '../base/text.ts'
import type { Source } from '../io/source.ts'
import type { Dump, DumpFormat } from './dump_format.ts'

const QEMU_MAGIC = 'QEVM'
/** libvirt's, complete or not, of `virsh save` and of `virsh dump` without --memory-only. */
const LIBVIRT_MAGICS = ['LibvirtQemudSave', 'LibvirtQemudPart']

export const qemuSave: DumpFormat = {
  name: 'qemu-save',
  probe: (head) =>
    decodeAscii(head, 0, Math.min(4, head.length)) === QEMU_MAGIC ||
    LIBVIRT_MAGICS.includes(decodeAscii(head, 0, Math.min(16, head.length))),
  open: refuseQemuSave,
}

/** @throws {UnsupportedError} always, naming the command that makes what can be read */
function refuseQemuSave(source: Source): Dump {
  throw new UnsupportedError(
    `${source.name} is a QEMU save stream, as of virsh dump or migrate; ` +
      'virsh dump --memory-only DOMAIN FILE (QEMU: dump-guest-memory FILE) makes a vmcore',
  )
}
