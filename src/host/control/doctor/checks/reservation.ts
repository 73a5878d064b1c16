// Is memory reserved for a capture kernel, and is it enough?
import { attempt } from '../../../../core/base/errors.ts'
import { readEstimateFacts } from '../../estimate/estimate_facts.ts'
import { estimateReservation } from '../../estimate/estimate_terms.ts'
import { explainNoReservationOf } from '../../reservation.ts'
import type { Check, Finding, Patient } from '../check.ts'

const MIB = 2 ** 20
/** `kbox estimate` tells all terms. */
const TERMS_MAX = 3
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

function* tooSmall({ crash, facts, image, configuration }: Patient): Generator<Finding> {
  if (!facts.has(image) || !configuration?.ok) return
  const settings = configuration.configuration
  // Without kernel or image nothing can be estimated, and other checks say so.
  const found = attempt(() => readEstimateFacts(facts.root, settings, { image: facts.at(image) }))
  if (!found) return
  const { bytes, terms } = estimateReservation(found.inputs)
  if (crash.reservedBytes >= bytes + MARGIN_MIN) return
  const largest = terms.toSorted((a, b) => b.bytes - a.bytes).slice(0, TERMS_MAX)
  yield {
    id: 'reservation-small',
    severity: crash.reservedBytes < bytes ? 'error' : 'warning',
    title: 'the reservation is too small for what the capture kernel needs',
    evidence: [
      `${megabytes(crash.reservedBytes)} are reserved, some ${megabytes(bytes)} are needed`,
      `most of it: ${largest.map((term) => `${term.name} ${megabytes(term.bytes)}`).join(', ')}`,
    ],
    fix: `reserve ${megabytes(bytes + 2 * MARGIN_MIN)} or more (kbox reset-crashkernel), reboot; 'kbox estimate --measure' finds the least`,
  }
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / MIB)} MB`
