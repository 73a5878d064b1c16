// What the recorder needs besides targets: a place for breadcrumbs, programs to run, the watchdogs to pet.
import type { CaptureConfig } from '../capture/capture_config.ts'
import { findBreadcrumbFile } from './breadcrumb_file.ts'
import { planHooks, type HookConf } from './hook_files.ts'
import type { ImageFile } from './initramfs/build_image.ts'
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
  readonly warnings: readonly string[]
}

/** Plan it. @throws {HostError} in kdumpctl's words for a hook that cannot be run */
export function planRecorder(conf: HookConf & { readonly path: string }, root = '/'): RecorderPlan {
  const crumbs = findBreadcrumbFile(conf.path, root)
  const watchdogs = findArmedWatchdogs(root)
  const { hooks, fence, files, warnings } = planHooks(conf, root)
  return {
    config: {
      ...(crumbs ? { breadcrumb: crumbs.place } : {}),
      hooks,
      ...(fence ? { fence } : {}),
      ...(watchdogs.isAny ? { petsWatchdogs: true } : {}),
    },
    crumbFile: crumbs?.file ?? '',
    devices: crumbs ? [crumbs.device] : [],
    modules: watchdogs.modules,
    files,
    warnings,
  }
}
