// All claims, by command.
import type { Claims } from './claim.ts'
import { bpf } from './bpf.ts'
import { dev } from './dev.ts'
import { files } from './files.ts'
import { foreach } from './foreach.ts'
import { irq } from './irq.ts'
import { log } from './log.ts'
import { mod } from './mod.ts'
import { net } from './net.ts'
import { p } from './p.ts'
import { ps } from './ps.ts'
import { rd } from './rd.ts'
import { runq } from './runq.ts'
import { sbitmapq } from './sbitmapq.ts'
import { set } from './set.ts'
import { struct } from './struct.ts'
import { sym } from './sym.ts'
import { sys } from './sys.ts'
import { timer } from './timer.ts'
import { waitq } from './waitq.ts'
import { whatis } from './whatis.ts'

/** Every command that something is claimed of. */
export const CLAIMS: Readonly<Record<string, Claims>> = {
  bpf,
  dev,
  files,
  foreach,
  irq,
  log,
  mod,
  net,
  p,
  ps,
  rd,
  runq,
  sbitmapq,
  set,
  struct,
  sym,
  sys,
  timer,
  waitq,
  whatis,
}
