// The commands of `kbox crash`; help lists them in this order.
import type { Command } from './command.ts'
import { alias } from './commands/alias.ts'
import { bt } from './commands/bt.ts'
import { dis } from './commands/dis.ts'
import { exit } from './commands/exit.ts'
import { files } from './commands/files.ts'
import { foreach } from './commands/foreach.ts'
import { help } from './commands/help.ts'
import { kmem } from './commands/kmem.ts'
import { log } from './commands/log.ts'
import { mach } from './commands/mach.ts'
import { mod } from './commands/mod.ts'
import { p } from './commands/p.ts'
import { ps } from './commands/ps.ts'
import { rd } from './commands/rd.ts'
import { set } from './commands/set.ts'
import { star, struct, union } from './commands/struct.ts'
import { swap } from './commands/swap.ts'
import { sym } from './commands/sym.ts'
import { sys } from './commands/sys.ts'
import { task } from './commands/task.ts'
import { what } from './commands/what.ts'
import { whatis } from './commands/whatis.ts'

/** The registry: every command there is. */
export const COMMANDS: readonly Command[] = [
  ...[sys, log, bt, ps, foreach, set, task, files, mod, kmem, swap, mach],
  ...[struct, union, star, p, whatis, rd, sym, dis, what],
  ...[alias, help, exit],
]
