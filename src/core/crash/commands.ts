// The commands of `kbox crash`; help lists them in this order.
import type { Command } from './command.ts'

export const COMMANDS: readonly Command[] = []
