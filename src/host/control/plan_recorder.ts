// What the recorder needs besides targets: a place for breadcrumbs, programs to run, the watchdogs to pet.
import { HostError } from '../../core/base/errors.ts'
import type { CaptureConfig } from '../capture/capture_config.ts'
import { findBreadcrumbFile } from './after/breadcrumb_file.ts'
import type { NetworkNeed } from './reach/freeze_network.ts'
import { planHooks, type HookConf } from './hook_files.ts'
import type { ImageFile } from './initramfs/build_image.ts'
import { resolveHost } from './reach/resolve_host.ts'
import { findArmedWatchdogs } from './watchdog.ts'

/** What goes into image and configuration for it. */
export interface RecorderPlan {
  readonly config: Pick<CaptureConfig, 'breadcrumb' | 'hooks' | 'fence' | 'petsWatchdogs'>
  /** Breadcrumb file; '' for none. */
  readonly crumbFile: string
  /** Disks that must appear, `major:minor`; what is on them need not be mounted. */
  readonly devices: readonly string[]
  readonly modules: readonly string[]
  readonly files: readonly ImageFile[]
  /** Who must be reached though no target is: nodes of a cluster. */
  readonly needs: readonly NetworkNeed[]
  readonly warnings: readonly string[]
}

/** Plan it. @throws {HostError} in kdumpctl's words for a hook that cannot be run */
export async function planRecorder(
  conf: HookConf & { readonly path: string },
  root = '/',
): Promise<RecorderPlan> {
  const crumbs = findBreadcrumbFile(conf.path, root)
  const watchdogs = findArmedWatchdogs(root)
  const { hooks, fence, files, warnings } = planHooks(conf, root)
  const nodes = fence ? await findNodes(conf.fenceKdumpNodes) : NO_NODES
  return {
    config: {
      ...(crumbs ? { breadcrumb: crumbs.place } : {}),
      hooks,
      ...(fence ? { fence: { ...fence, args: [...fence.args, ...nodes.addresses] } } : {}),
      ...(watchdogs.isAny ? { petsWatchdogs: true } : {}),
    },
    crumbFile: crumbs?.file ?? '',
    devices: crumbs ? [crumbs.device] : [],
    modules: watchdogs.modules,
    files,
    needs: nodes.needs,
    warnings: [...warnings, ...nodes.warnings],
  }
}

interface FenceNodes {
  readonly addresses: readonly string[]
  readonly needs: readonly NetworkNeed[]
  readonly warnings: readonly string[]
}

const NO_NODES: FenceNodes = { addresses: [], needs: [], warnings: [] }

/** The capture kernel asks no name server: nodes are told to it by their addresses. */
async function findNodes(names: readonly string[]): Promise<FenceNodes> {
  const needs: NetworkNeed[] = []
  const warnings: string[] = []
  for (const server of names) {
    try {
      needs.push({ server, addresses: await resolveHost(server) })
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      warnings.push(`fence_kdump_nodes: ${error.message}; this node is not told`)
    }
  }
  return { addresses: needs.flatMap(({ addresses: [first] }) => first ?? []), needs, warnings }
}
