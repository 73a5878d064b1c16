// Is memory reserved for a capture kernel, and is it enough?
import { explainNoReservationOf } from '../../reservation.ts'
import type { Check, Finding, Patient } from '../check.ts'

const MIB = 2 ** 20
/** A kernel, its own needs and ours beside the image; `kbox estimate` tells the terms. */
const KERNEL_NEED = 70 * MIB
/** Below it a page cache has no room, and one more driver is too many. */
const MARGIN_MIN = 16 * MIB

/** The reservation and what needs it. */
export const reservation: Check = {
  ids: ['kernel-unsupported', 'no-reservation', 'reservation-small', 'not-loaded'],
  summary: 'compare the reserved memory with what the capture kernel needs',
  *examine(patient) {
    const { crash } = patient
    if (!crash.supported) yield unsupported(patient)
    else if (crash.reservedBytes === 0) yield notReserved(patient)
    else {
      if (!crash.loaded) yield notLoaded(patient)
      yield* tooSmall(patient)
    }
  },
}

const unsupported = ({ release }: Patient): Finding => ({
  id: 'kernel-unsupported',
  severity: 'error',
  title: 'this kernel cannot load a capture kernel',
  evidence: [
    `/sys/kernel/kexec_crash_loaded is not there (${release}): no CONFIG_CRASH_DUMP or no CONFIG_KEXEC`,
  ],
  fix: "boot a distribution's kernel",
})

const notReserved = ({ cmdline, facts }: Patient): Finding => ({
  id: 'no-reservation',
  severity: 'error',
  title: 'no memory is reserved for a capture kernel',
  evidence: [
    '/sys/kernel/kexec_crash_size is 0',
    cmdline.find((word) => word.startsWith('crashkernel=')) ?? 'no crashkernel= in /proc/cmdline',
  ],
  fix: explainNoReservationOf(cmdline.join(' '), facts.kernelLog()),
})

const notLoaded = ({ crash, facts }: Patient): Finding => ({
  id: 'not-loaded',
  severity: 'error',
  title: 'memory is reserved, but no capture kernel is loaded: a crash would only reboot',
  evidence: [
    `/sys/kernel/kexec_crash_loaded is 0, kexec_crash_size is ${crash.reservedBytes}`,
    ...(facts.text('proc/sys/kernel/kexec_load_disabled') === '1'
      ? ['kernel.kexec_load_disabled is 1: nothing can be loaded before the next boot']
      : []),
  ],
  fix: "run 'kbox start' and read what it says; 'systemctl enable --now kdump' for every boot",
})

function* tooSmall({ crash, facts, image }: Patient): Generator<Finding> {
  const imageBytes = facts.sizeBytes(image)
  if (imageBytes === undefined) return
  // While it unpacks, the image is in memory twice.
  const needBytes = 2 * imageBytes + KERNEL_NEED
  if (crash.reservedBytes >= needBytes + MARGIN_MIN) return
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / MIB)} MB`
  yield {
    id: 'reservation-small',
    severity: crash.reservedBytes < needBytes ? 'error' : 'warning',
    title: 'the reservation is too small for kernel and image',
    evidence: [
      `${megabytes(crash.reservedBytes)} are reserved`,
      `${image} has ${megabytes(imageBytes)}, is in memory twice while it unpacks, and a kernel takes some ${megabytes(KERNEL_NEED)}`,
    ],
    fix: `reserve ${megabytes(needBytes + 2 * MARGIN_MIN)} or more (kbox reset-crashkernel), reboot; 'kbox estimate --measure' finds the least`,
  }
}
