// All claims, by command.
import type { Claims } from './claim.ts'
import { bt } from './bt.ts'
import { dis } from './dis.ts'
import { files } from './files.ts'
import { foreach } from './foreach.ts'
import { log } from './log.ts'
import { mod } from './mod.ts'
import { p } from './p.ts'
import { ps } from './ps.ts'
import { rd } from './rd.ts'
import { set } from './set.ts'
import { struct } from './struct.ts'
import { sym } from './sym.ts'
import { sys } from './sys.ts'
import { what } from './what.ts'
import { whatis } from './whatis.ts'

/** Every command that something is claimed of. */
export const CLAIMS: Readonly<Record<string, Claims>> = {
  bt,
  dis,
  files,
  foreach,
  log,
  mod,
  p,
  ps,
  rd,
  set,
  struct,
  sym,
  sys,
  what,
  whatis,
}
