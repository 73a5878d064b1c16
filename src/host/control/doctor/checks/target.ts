// Where dumps go: there, writable, on a device that the capture kernel can bring up, with room.
import { findMountOf, parseMountinfo, type Mount } from '../../../platform/block_devices.ts'
import type { DeviceName } from '../../../target/find_filesystem.ts'
import type { CapturePlace } from '../../../target/place.ts'
import { FILESYSTEM_TYPES } from '../../../target/superblock.ts'
import type { ConfTarget } from '../../config/kdump_conf_model.ts'
import type { Check, Finding, Patient } from '../check.ts'
import { predictedDumpBytes } from '../predicted_dump.ts'

/** Dumps are kept beside others; this much of the file system should stay free. */
const KEEP_FREE_PART = 0.05

/** The first target of the configuration, and the ones to fall back on. */
export const target: Check = {
  ids: [
    'target-missing',
    'target-unsupported',
    'target-read-only',
    'target-encrypted',
    'target-space',
  ],
  summary: 'find where dumps go',
  *examine(patient) {
    for (const [index, place] of (patient.conf?.targets ?? []).entries())
      yield* examineTarget(patient, place, patient.plan?.targets[index]?.place)
  },
}

function* examineTarget(
  patient: Patient,
  place: ConfTarget,
  found: CapturePlace | undefined,
): Generator<Finding> {
  const { facts, conf } = patient
  if (!conf) return
  if (place.kind === 'path') {
    if (facts.has(conf.path)) yield* examineMount(patient, conf.path)
    else yield missing(`Dump path ${conf.path} does not exist.`, `mkdir -p ${conf.path}`)
  } else if (place.kind === 'filesystem' || place.kind === 'raw') {
    // A start finds devices by what is on them; links of udev's may be missing.
    const link = found && 'node' in found ? found.node : linkOf(place.device)
    if (found || facts.has(link)) yield* encrypted(patient, facts.linkName(link))
    else {
      const what = `${link} (kdump.conf line ${place.line}) is not there`
      yield missing(what, 'correct the device, or plug it in')
    }
  }
}

/** Where udev has a device of that name. */
function linkOf(device: DeviceName): string {
  switch (device.by) {
    case 'uuid':
      return `/dev/disk/by-uuid/${device.uuid}`
    case 'label':
      return `/dev/disk/by-label/${device.label}`
    case 'node':
      return device.node
  }
}

const missing = (what: string, fix: string): Finding => ({
  id: 'target-missing',
  severity: 'error',
  title: 'the place for dumps is not there',
  evidence: [what],
  fix,
})

function* examineMount(patient: Patient, folder: string): Generator<Finding> {
  const { facts } = patient
  const mount = findMountOf(parseMountinfo(facts.text('proc/self/mountinfo') ?? ''), folder)
  if (!mount) return
  if (!FILESYSTEM_TYPES.some((known) => known === mount.fstype)) {
    yield {
      id: 'target-unsupported',
      severity: 'error',
      title: `dumps would go to ${mount.fstype}, which a capture kernel cannot mount`,
      evidence: [`${folder} lies on ${mount.mountpoint} (${mount.source}, ${mount.fstype})`],
      fix: 'name a disk file system, nfs, ssh or raw target in kdump.conf',
    }
    return
  }
  if (mount.options.split(',').includes('ro')) {
    yield {
      id: 'target-read-only',
      severity: 'warning',
      title: 'the file system for dumps is mounted read-only',
      evidence: [`${mount.mountpoint}: ${mount.options}`],
      fix: 'see in the log why (an error remounts it so), check it with fsck',
    }
  }
  yield* encrypted(patient, mount.source.split('/').at(-1) ?? '')
  yield* space(patient, folder, mount)
}

/** dm-crypt anywhere below a device: its key is not in the capture kernel. */
function* encrypted({ facts }: Patient, name: string): Generator<Finding> {
  const device = facts.linkName(`/dev/mapper/${name}`) || name
  const layers = [device]
  for (let i = 0; i < layers.length && i < 16; i++)
    layers.push(...facts.names(`sys/class/block/${layers[i]}/slaves`))
  const crypt = layers.find((layer) =>
    facts.text(`sys/class/block/${layer}/dm/uuid`)?.startsWith('CRYPT-'),
  )
  if (crypt === undefined) return
  yield {
    id: 'target-encrypted',
    severity: 'error',
    title: 'dumps would go to an encrypted device, whose key the capture kernel does not have',
    evidence: [`${device}: ${facts.text(`sys/class/block/${crypt}/dm/uuid`)}`],
    fix: 'name a plain partition, nfs or ssh in kdump.conf (a fallback target keeps the log)',
  }
}

function* space({ facts, conf }: Patient, folder: string, mount: Mount): Generator<Finding> {
  const free = facts.freeBytes(folder)
  const { bytes, terms } = predictedDumpBytes(facts, conf?.coreCollector.dumpLevels.at(-1) ?? 31)
  if (free === undefined || bytes === 0 || free * (1 - KEEP_FREE_PART) >= bytes) return
  const megabytes = (size: number): string => `${Math.ceil(size / 2 ** 20)} MB`
  yield {
    id: 'target-space',
    severity: 'warning',
    title: 'a dump may not fit',
    evidence: [
      `${mount.mountpoint} has ${megabytes(free)} free`,
      `a dump of now may take ${megabytes(bytes)}: ${terms}`,
    ],
    fix: 'remove old dumps, or name a larger target; what fits is kept, the most important first',
  }
}
