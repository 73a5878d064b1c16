// Builds the capture image when, and only when, something it is made of has changed: contents are compared, not times.
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { renameDurably, writeDurably } from '../../platform/durable_file.ts'
import { listFacts } from '../../platform/fact_tree.ts'
import type { ArmPlan } from '../arm.ts'
import {
  checkImage,
  compareInputs,
  hashFile,
  hashText,
  readManifest,
  sumImage,
  type ImageManifest,
  type ManifestInput,
} from './image_manifest.ts'
import type { BuiltImage } from '../initramfs/build_image.ts'
import { APPLETS, INIT_SCRIPT } from '../initramfs/init_script.ts'

/** Whether an image is built, and why. */
export interface RebuildDecision {
  readonly isNeeded: boolean
  /** In kdumpctl's words where it has them; told also when nothing is built although something changed. */
  readonly reason: string
  readonly inputs: readonly ManifestInput[]
}

/** What kdump.conf says of rebuilding. */
export interface RebuildWishes {
  readonly forceRebuild: boolean
  readonly forceNoRebuild: boolean
}

/** The manifest's name in the image. */
const EMBEDDED = 'etc/kbox/manifest.json'

/** The file beside an image that says what it was made of. */
export function manifestFile(image: string): string {
  return `${image}.json`
}

/** Decide whether a plan's image must be built. @throws {HostError} if an input is missing */
export function decideRebuild(plan: ArmPlan, wishes: RebuildWishes): RebuildDecision {
  const inputs = collectInputs(plan)
  const decide = (isNeeded: boolean, reason: string): RebuildDecision => ({
    isNeeded,
    reason,
    inputs,
  })
  // Without an image nothing can be loaded, whatever force_no_rebuild says.
  if (!existsSync(plan.image)) return decide(true, 'No kdump initial ramdisk found.')
  if (wishes.forceRebuild) return decide(true, 'force_rebuild is set')
  const reason = findChange(plan, inputs)
  if (wishes.forceNoRebuild)
    return decide(false, reason === '' ? '' : `${reason} (not rebuilt: force_no_rebuild is set)`)
  return decide(reason !== '', reason)
}

/** Build the image of a plan, and write down beside it what it was made of. @throws {HostError} if it cannot be written */
export function buildPlannedImage(
  plan: ArmPlan,
  inputs: readonly ManifestInput[] = collectInputs(plan),
): BuiltImage {
  const { image, release, backend } = plan
  const manifest: ImageManifest = { version: 1, release, backend: backend.name, inputs }
  mkdirSync(path.dirname(image), { recursive: true })
  const embedded = `${image}.manifest.tmp`
  writeDurably(embedded, [formatManifest(manifest)])
  try {
    const files = [...plan.files, { path: EMBEDDED, source: embedded, mode: 0o600 }]
    const built = backend.build(image, { ...plan, files })
    // Between here and the next line the image has an old manifest, does not fit it, and would be built again.
    const beside = manifestFile(image)
    writeDurably(`${beside}.tmp`, [formatManifest({ ...manifest, image: sumImage(image) })])
    renameDurably(`${beside}.tmp`, beside)
    return built
  } finally {
    rmSync(embedded, { force: true })
  }
}

/** List all an image is made of, sorted by name. @throws {HostError} if one is missing */
export function collectInputs(plan: ArmPlan): ManifestInput[] {
  const { kernelSource, busybox, runtime, modules, files, config, backend } = plan
  const sources = [
    ...[kernelSource, busybox, runtime],
    ...modules.map(({ file }) => file),
    ...files.map(({ source }) => source),
    ...backend.configuration.flatMap(listFiles),
  ]
  return [
    ...[...new Set(sources)].map(hashFile),
    hashText('kbox', plan.kboxVersion),
    hashText('initramfs back-end', backend.name),
    hashText('storage', JSON.stringify(plan.storage ?? null)),
    hashText('init script', [INIT_SCRIPT, ...APPLETS].join('\n')),
    hashText(
      'modules and their options',
      modules.map(({ name, parameters = [] }) => [name, ...parameters].join(' ')).join('\n'),
    ),
    // Where files lie in the image, and with what rights.
    hashText(
      'places in the image',
      files.map(({ path: to, source, mode }) => `${mode.toString(8)} ${to} ${source}`).join('\n'),
    ),
    ...Object.entries(config).map(([name, value]) =>
      hashText(`configuration: ${name}`, JSON.stringify(value, withoutNodes)),
    ),
  ].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** A file, or the files of a folder; what is not there is no input. */
function listFiles(name: string): string[] {
  const stat = statSync(name, { throwIfNoEntry: false })
  if (!stat) return []
  if (!stat.isDirectory()) return [name]
  return listFacts('/', name).flatMap((entry) => listFiles(path.join(name, entry)))
}

/** Disks are found by UUID; their nodes change from boot to boot and are no reason to build. */
function withoutNodes(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('uuid' in value) || !value.uuid) return value
  const { node: _, ...rest } = value as { readonly node?: unknown }
  return rest
}

/** What has changed since the image was built, in kdumpctl's words; '' if nothing. */
function findChange({ image }: ArmPlan, inputs: readonly ManifestInput[]): string {
  const manifest = readManifest(manifestFile(image))
  if (!manifest) return `It is not known what ${image} was made of`
  const changed = compareInputs(manifest.inputs, inputs)
  if (changed.length > 0) return `Detected change(s) in the following file(s): ${changed.join(' ')}`
  const problem = checkImage(image, manifest)
  return problem === '' ? '' : `${image} ${problem}`
}

function formatManifest(manifest: ImageManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`
}
