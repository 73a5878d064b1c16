// The commands of `kbox crash`; help lists them in this order.
import type { Command } from './command.ts'
import { files } from './commands/files.ts'
import { log } from './commands/log.ts'
import { mod } from './commands/mod.ts'
import { ps } from './commands/ps.ts'
import { sys } from './commands/sys.ts'

export const COMMANDS: readonly Command[] = [sys, log, ps, files, mod]
