// All claims, by command.
import type { Claims } from './claim.ts'
import { files } from './files.ts'
import { foreach } from './foreach.ts'
import { list } from './list.ts'
import { log } from './log.ts'
import { mod } from './mod.ts'
import { p } from './p.ts'
import { ps } from './ps.ts'
import { rd } from './rd.ts'
import { search } from './search.ts'
import { set } from './set.ts'
import { struct } from './struct.ts'
import { sym } from './sym.ts'
import { sys } from './sys.ts'
import { tree } from './tree.ts'
import { whatis } from './whatis.ts'

/** Every command that something is claimed of. */
export const CLAIMS: Readonly<Record<string, Claims>> = {
  files,
  foreach,
  list,
  log,
  mod,
  p,
  ps,
  rd,
  search,
  set,
  struct,
  sym,
  sys,
  tree,
  whatis,
}
