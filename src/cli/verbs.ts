// The registry of verbs, in the order a newcomer should meet them.
import type { Verb } from './verb.ts'
import { start } from './verbs/start.ts'
import { restart } from './verbs/restart.ts'
import { reload } from './verbs/reload.ts'
import { rebuild } from './verbs/rebuild.ts'
import { status } from './verbs/status.ts'
import { stop } from './verbs/stop.ts'
import { crashkernel } from './verbs/crashkernel.ts'
import { estimate } from './verbs/estimate.ts'
import { getDefaultCrashkernel } from './verbs/get_default_crashkernel.ts'
import { last } from './verbs/last.ts'
import { collect } from './verbs/collect.ts'
import { config } from './verbs/config.ts'
import { policy } from './verbs/policy.ts'
import { propagate } from './verbs/propagate.ts'
import { showmem } from './verbs/showmem.ts'
import { verify } from './verbs/verify.ts'
import { sign } from './verbs/sign.ts'
import { exportVerb } from './verbs/export.ts'
import { prune } from './verbs/prune.ts'
import { pin } from './verbs/pin.ts'
import { rehearse } from './verbs/rehearse.ts'
import { crash } from './verbs/crash.ts'
import { resetCrashkernel } from './verbs/reset_crashkernel.ts'
import { run } from './verbs/run.ts'
import { test } from './verbs/test.ts'
import { types } from './verbs/types.ts'
import { report } from './verbs/report.ts'
import { doctor } from './verbs/doctor.ts'
import { dump } from './verbs/dump.ts'
import { makedumpfile } from './verbs/makedumpfile.ts'
import { install } from './verbs/install.ts'
import { uninstall } from './verbs/uninstall.ts'
import { capture } from './verbs/capture.ts'

/** Every verb; the overview lists those that are not internal. */
export const VERBS: readonly Verb[] = [
  start,
  restart,
  reload,
  rebuild,
  status,
  stop,
  last,
  collect,
  config,
  policy,
  propagate,
  showmem,
  estimate,
  crashkernel,
  getDefaultCrashkernel,
  resetCrashkernel,
  test,
  doctor,
  rehearse,
  crash,
  run,
  types,
  report,
  verify,
  sign,
  exportVerb,
  pin,
  prune,
  dump,
  makedumpfile,
  install,
  uninstall,
  capture,
]
