// All claims, by command.
import type { Claims } from './claim.ts'
import { ascii } from './ascii.ts'
import { btop } from './btop.ts'
import { dis } from './dis.ts'
import { evalClaims } from './eval.ts'
import { files } from './files.ts'
import { foreach } from './foreach.ts'
import { fuser } from './fuser.ts'
import { ipcs } from './ipcs.ts'
import { list } from './list.ts'
import { log } from './log.ts'
import { mod } from './mod.ts'
import { mount } from './mount.ts'
import { p } from './p.ts'
import { ps } from './ps.ts'
import { pte } from './pte.ts'
import { ptob } from './ptob.ts'
import { ptov } from './ptov.ts'
import { rd } from './rd.ts'
import { search } from './search.ts'
import { set } from './set.ts'
import { sig } from './sig.ts'
import { struct } from './struct.ts'
import { sym } from './sym.ts'
import { sys } from './sys.ts'
import { task } from './task.ts'
import { tree } from './tree.ts'
import { vm } from './vm.ts'
import { vtop } from './vtop.ts'
import { whatis } from './whatis.ts'

/** Every command that something is claimed of. */
export const CLAIMS: Readonly<Record<string, Claims>> = {
  ascii,
  btop,
  dis,
  eval: evalClaims,
  files,
  foreach,
  fuser,
  ipcs,
  list,
  log,
  mod,
  mount,
  p,
  ps,
  pte,
  ptob,
  ptov,
  rd,
  search,
  set,
  sig,
  struct,
  sym,
  sys,
  task,
  tree,
  vm,
  vtop,
  whatis,
}
