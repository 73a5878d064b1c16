// Programs that a configuration wants run around the dump: checked in kdumpctl's words, ordered as kdump.sh runs them, and
// put into the image with all they need. Source: kdump-utils kdumpctl check_config(), mkdumprd, kdump.sh.
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../core/base/errors.ts'
import type { CaptureFence, CaptureHook, CaptureHooks } from '../capture/capture_config.ts'
import type { ImageFile } from './initramfs/build_image.ts'
import type { KdumpConf } from './config/kdump_conf_model.ts'
import { imagePath, isExecutable, programFiles } from './program_files.ts'
import { splitArguments } from './config/split_arguments.ts'

/** What is run, and what it needs. */
export interface PlannedHooks {
  readonly hooks: CaptureHooks
  readonly fence?: CaptureFence
  readonly files: readonly ImageFile[]
  readonly warnings: readonly string[]
}

/** Directives that matter here. */
export type HookConf = Pick<KdumpConf, 'hooks' | 'extraBins' | 'fenceKdumpArgs' | 'fenceKdumpNodes'>

/** Folders of more hooks: pre.d, post.d, emergency.d. */
const HOOK_FOLDER = '/etc/kdump'
const FENCE_PROGRAMS = ['/usr/libexec/fence_kdump_send', '/usr/sbin/fence_kdump_send']
/** fence_kdump_send for ever, every ten seconds, as kdump-utils documents it. */
const FENCE_ARGS = '-p 7410 -f auto -c 0 -i 10'

/**
 * Plan the hooks of a configuration.
 *
 * @param root where the programs are found; of a copied tree their libraries are not looked for
 * @param folder of pre.d, post.d and emergency.d
 * @throws {HostError} in kdumpctl's words for a program that is missing or cannot be run
 */
export function planHooks(conf: HookConf, root = '/', folder = HOOK_FOLDER): PlannedHooks {
  const warnings: string[] = []
  const { pre, post, emergency } = conf.hooks
  for (const file of [pre, post, emergency, ...conf.extraBins]) if (file) checkProgram(file, root)
  const more = (kind: string): string[] => listFolder(`${folder}/${kind}.d`, root, warnings)
  const before = { pre: more('pre'), post: more('post'), emergency: more('emergency') }
  const own = (file: string | undefined): string[] => (file ? [file] : [])
  const lists = {
    pre: [...own(pre), ...before.pre],
    post: [...before.post, ...own(post)],
    emergency: [...before.emergency, ...own(emergency)],
  }
  const fence = planFence(conf, warnings)
  const programs = [
    ...Object.values(lists).flat(),
    ...conf.extraBins,
    ...(fence ? [fence.program] : []),
  ]
  return {
    hooks: {
      pre: lists.pre.map((file) => hook(file, file === pre)),
      post: lists.post.map((file) => hook(file, false)),
      emergency: lists.emergency.map((file) => hook(file, false)),
    },
    ...(fence ? { fence: { file: imagePath(fence.program), args: fence.args } } : {}),
    files: root === '/' ? programFiles(programs) : [],
    warnings,
  }
}

const hook = (file: string, isDecisive: boolean): CaptureHook => ({
  file: imagePath(file),
  isDecisive,
})

function checkProgram(file: string, root: string): void {
  const here = path.join(root, file)
  if (!existsSync(here)) throw new HostError(`Error: ${file} not found.`, 'ENOENT')
  if (!isExecutable(here)) throw new HostError(`Error: ${file} is not executable.`, 'EACCES')
}

function listFolder(folder: string, root: string, warnings: string[]): string[] {
  let names: string[]
  try {
    names = readdirSync(path.join(root, folder)).toSorted()
  } catch {
    return []
  }
  const files = names.map((name) => path.join(folder, name))
  const canRun = (file: string): boolean => isExecutable(path.join(root, file))
  for (const file of files) if (!canRun(file)) warnings.push(`${file} is not executable`)
  return files.filter(canRun)
}

function planFence(
  { fenceKdumpNodes, fenceKdumpArgs }: HookConf,
  warnings: string[],
): { readonly program: string; readonly args: readonly string[] } | undefined {
  if (fenceKdumpNodes.length === 0) return undefined
  const program = FENCE_PROGRAMS.find(isExecutable)
  if (program === undefined) {
    warnings.push(
      `fence_kdump_nodes is set, but there is no ${FENCE_PROGRAMS.join(' or ')}: the cluster may fence this machine while it dumps; install fence-agents-kdump`,
    )
    return undefined
  }
  const args = fenceKdumpArgs === '' ? FENCE_ARGS : fenceKdumpArgs
  const words = splitArguments(args) ?? []
  return { program, args: words.map(({ text }) => text) }
}
