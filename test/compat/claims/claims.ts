// All claims, by command.
import type { Claims } from './claim.ts'
import { alias } from './alias.ts'
import { ascii } from './ascii.ts'
import { blocked } from './blocked.ts'
import { bpf } from './bpf.ts'
import { bt } from './bt.ts'
import { btop } from './btop.ts'
import { dev } from './dev.ts'
import { dis } from './dis.ts'
import { evalClaims } from './eval.ts'
import { exit } from './exit.ts'
import { extend } from './extend.ts'
import { files } from './files.ts'
import { foreach } from './foreach.ts'
import { fuser } from './fuser.ts'
import { help } from './help.ts'
import { ipcs } from './ipcs.ts'
import { irq } from './irq.ts'
import { kmem } from './kmem.ts'
import { list } from './list.ts'
import { log } from './log.ts'
import { mach } from './mach.ts'
import { mod } from './mod.ts'
import { mount } from './mount.ts'
import { net } from './net.ts'
import { p } from './p.ts'
import { ps } from './ps.ts'
import { pte } from './pte.ts'
import { ptob } from './ptob.ts'
import { ptov } from './ptov.ts'
import { rd } from './rd.ts'
import { repeat } from './repeat.ts'
import { runq } from './runq.ts'
import { rustfilt } from './rustfilt.ts'
import { sbitmapq } from './sbitmapq.ts'
import { search } from './search.ts'
import { set } from './set.ts'
import { sig } from './sig.ts'
import { star } from './star.ts'
import { struct } from './struct.ts'
import { swap } from './swap.ts'
import { sym } from './sym.ts'
import { sys } from './sys.ts'
import { task } from './task.ts'
import { timer } from './timer.ts'
import { tree } from './tree.ts'
import { union } from './union.ts'
import { vm } from './vm.ts'
import { vtop } from './vtop.ts'
import { waitq } from './waitq.ts'
import { what } from './what.ts'
import { whatis } from './whatis.ts'

/** Every command that something is claimed of. */
export const CLAIMS: Readonly<Record<string, Claims>> = {
  alias,
  ascii,
  blocked,
  bpf,
  bt,
  btop,
  dev,
  dis,
  eval: evalClaims,
  exit,
  extend,
  files,
  foreach,
  fuser,
  help,
  ipcs,
  irq,
  kmem,
  list,
  log,
  mach,
  mod,
  mount,
  net,
  p,
  ps,
  pte,
  ptob,
  ptov,
  rd,
  repeat,
  runq,
  rustfilt,
  sbitmapq,
  search,
  set,
  sig,
  '*': star,
  struct,
  swap,
  sym,
  sys,
  task,
  timer,
  tree,
  union,
  vm,
  vtop,
  waitq,
  what,
  whatis,
}
