// rustfilt: a command of the shell itself.
import { defineClaims, sameAsCrash } from './claim.ts'
import { gdbLines } from './gdb_text.ts'

export const rustfilt = defineClaims([
  sameAsCrash('rustfilt _RNvNtCshc5sK6KjdJJ_6kernel5print11call_printk', {
    ours: gdbLines,
    theirs: gdbLines,
  }),
  sameAsCrash('rustfilt _RNvMNtCs5_4core3numl3abs'),
])
