// The commands of `kbox crash`; help lists them in this order.
import type { Command } from './command.ts'
import { alias } from './commands/alias.ts'
import { ascii } from './commands/ascii.ts'
import { bpf } from './commands/bpf.ts'
import { bt } from './commands/bt.ts'
import { btop } from './commands/btop.ts'
import { dev } from './commands/dev.ts'
import { evalCommand } from './commands/eval.ts'
import { exit } from './commands/exit.ts'
import { files } from './commands/files.ts'
import { foreach } from './commands/foreach.ts'
import { fuser } from './commands/fuser.ts'
import { help } from './commands/help.ts'
import { ipcs } from './commands/ipcs.ts'
import { irq } from './commands/irq.ts'
import { kmem } from './commands/kmem.ts'
import { list } from './commands/list.ts'
import { log } from './commands/log.ts'
import { mach } from './commands/mach.ts'
import { mod } from './commands/mod.ts'
import { mount } from './commands/mount.ts'
import { net } from './commands/net.ts'
import { p } from './commands/p.ts'
import { ps } from './commands/ps.ts'
import { pte } from './commands/pte.ts'
import { ptob } from './commands/ptob.ts'
import { ptov } from './commands/ptov.ts'
import { rd } from './commands/rd.ts'
import { runq } from './commands/runq.ts'
import { sbitmapq } from './commands/sbitmapq.ts'
import { search } from './commands/search.ts'
import { set } from './commands/set.ts'
import { sig } from './commands/sig.ts'
import { star, struct, union } from './commands/struct.ts'
import { swap } from './commands/swap.ts'
import { sym } from './commands/sym.ts'
import { sys } from './commands/sys.ts'
import { task } from './commands/task.ts'
import { timer } from './commands/timer.ts'
import { tree } from './commands/tree.ts'
import { vm } from './commands/vm.ts'
import { vtop } from './commands/vtop.ts'
import { waitq } from './commands/waitq.ts'
import { whatis } from './commands/whatis.ts'

/** The registry: every command there is. */
export const COMMANDS: readonly Command[] = [
  ...[sys, log, bt, ps, foreach, set, task, vm, files, fuser, mount, sig, ipcs, mod],
  ...[kmem, swap, mach, runq, irq, timer, waitq, net, dev, sbitmapq, bpf],
  ...[struct, union, star, p, whatis, rd, sym, vtop, list, tree, search],
  ...[pte, btop, ptob, ptov, ascii, evalCommand],
  ...[alias, help, exit],
]
