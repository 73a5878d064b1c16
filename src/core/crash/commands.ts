// The commands of `kbox crash`; help lists them in this order.
import type { Command } from './command.ts'
import { alias } from './commands/alias.ts'
import { bt } from './commands/bt.ts'
import { exit } from './commands/exit.ts'
import { extend } from './commands/extend.ts'
import { files } from './commands/files.ts'
import { foreach } from './commands/foreach.ts'
import { gdb } from './commands/gdb.ts'
import { help } from './commands/help.ts'
import { list } from './commands/list.ts'
import { log } from './commands/log.ts'
import { mod } from './commands/mod.ts'
import { p } from './commands/p.ts'
import { ps } from './commands/ps.ts'
import { rd } from './commands/rd.ts'
import { repeat } from './commands/repeat.ts'
import { rustfilt } from './commands/rustfilt.ts'
import { search } from './commands/search.ts'
import { set } from './commands/set.ts'
import { star, struct, union } from './commands/struct.ts'
import { sym } from './commands/sym.ts'
import { sys } from './commands/sys.ts'
import { task } from './commands/task.ts'
import { tree } from './commands/tree.ts'
import { whatis } from './commands/whatis.ts'
import { wr } from './commands/wr.ts'

/** The registry: every command there is. */
export const COMMANDS: readonly Command[] = [
  ...[sys, log, bt, ps, foreach, set, task, files, mod],
  ...[struct, union, star, p, whatis, list, tree, rd, search, sym],
  ...[alias, repeat, extend, rustfilt, wr, gdb, help, exit],
]
