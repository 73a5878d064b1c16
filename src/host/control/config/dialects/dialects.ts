// The registry of dialects, in the order in which they are looked for.
import { debian } from './debian.ts'
import type { Dialect } from './dialect.ts'
import { redHat } from './red_hat.ts'
import { suse } from './suse.ts'

/** Every dialect. /etc/kdump.conf wins: whoever writes one on another distribution means kbox. */
export const DIALECTS: readonly Dialect[] = [redHat, debian, suse]
