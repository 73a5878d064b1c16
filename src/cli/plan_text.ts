// A plan for people and as JSON: what would be loaded, and why each word of the command line is there or gone.
import type { ArmPlan } from '../host/control/arm.ts'
import type { CmdlineWord } from '../host/control/load/capture_cmdline.ts'
import type { BuiltImage } from '../host/control/initramfs/build_image.ts'
import { formatPlace } from '../host/target/place.ts'

/** What is known of rebuilding; undefined for a copied tree, which holds no image. */
export interface PlannedRebuild {
  readonly isNeeded: boolean
  readonly reason: string
}

/** Format a plan as lines. */
export function formatPlan(plan: ArmPlan, rebuild: PlannedRebuild | undefined): string[] {
  const { kernel, kernelSource, kernelReason, image, config, modules, files, platform } = plan
  return [
    `kernel: ${kernelSource} (${kernelReason})`,
    ...(kernel === kernelSource ? [] : [`kernel taken out of it: ${kernel}`]),
    `image: ${image}${rebuild ? ` (${describeRebuild(rebuild)})` : ''}`,
    ...config.targets.map((place, index) => `target ${index + 1}: ${formatPlace(place)}`),
    `initramfs back-end: ${plan.backend.name} (${plan.backendReason})`,
    `modules: ${modules.map(({ name }) => name).join(' ')}`,
    ...files.map(({ path, source }) => `file: ${source} as /${path}`),
    ...(platform === '' ? [] : [`platform: ${platform}`]),
    ...formatCmdline(plan.cmdline, plan.cmdlineWords),
  ]
}

/** Format a command line as lines: the line itself, then each word that was changed and why. */
export function formatCmdline(cmdline: string, words: readonly CmdlineWord[]): string[] {
  return [
    `command line: ${cmdline}`,
    ...words
      .filter(({ fate }) => fate !== 'kept')
      .map(({ word, fate, reason }) => `  ${fate} ${word} because ${reason}`),
  ]
}

/** The plan as it is printed by --json. */
export function planJson(plan: ArmPlan, rebuild: PlannedRebuild | undefined): object {
  const { release, kernel, kernelSource, kernelReason, image, config, cmdline, warnings } = plan
  return {
    version: 1,
    release,
    kernel,
    kernelSource,
    kernelReason,
    image,
    rebuild: rebuild ? { needed: rebuild.isNeeded, reason: rebuild.reason } : null,
    backend: plan.backend.name,
    backendReason: plan.backendReason,
    modules: plan.modules.map(({ name }) => name),
    files: plan.files.map(({ path, source }) => ({ path, source })),
    platform: plan.platform,
    cmdline,
    words: plan.cmdlineWords,
    config,
    warnings,
  }
}

/** Format the size report of an image as lines, largest first. */
export function formatParts({ file, sizeBytes, parts }: BuiltImage): string[] {
  return [
    `${file}: ${sizeBytes} bytes`,
    ...parts.map((part) => `${String(part.sizeBytes).padStart(12)} ${part.path}`),
  ]
}

function describeRebuild({ isNeeded, reason }: PlannedRebuild): string {
  if (isNeeded) return `would be built: ${reason}`
  return reason === '' ? 'up to date' : reason
}
