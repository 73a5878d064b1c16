// The registry of the doctor's checks, in the order of the road: configuration, reservation, loading, target, machine.
import type { Check } from './check.ts'
import { configuration } from './checks/configuration.ts'
import { dumps } from './checks/dumps.ts'
import { hotplug } from './checks/hotplug.ts'
import { image } from './checks/image.ts'
import { loading } from './checks/loading.ts'
import { machine } from './checks/machine.ts'
import { networkTarget } from './checks/network_target.ts'
import { otherTools } from './checks/other_tools.ts'
import { panicPath } from './checks/panic_path.ts'
import { reservation } from './checks/reservation.ts'
import { staleImage } from './checks/stale_image.ts'
import { start } from './checks/start.ts'
import { target } from './checks/target.ts'

/** All checks. */
export const CHECKS: readonly Check[] = [
  configuration,
  reservation,
  image,
  staleImage,
  loading,
  target,
  networkTarget,
  panicPath,
  hotplug,
  otherTools,
  dumps,
  machine,
  start,
]
