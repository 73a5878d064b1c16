// sys: the machine. UPTIME of crash 9.0.2 is minutes off on 6.12, and its file names are not ours.
import { sameAsCrash, defineClaims } from './claim.ts'

const FACTS = /^ *(CPUS|DATE|LOAD AVERAGE|TASKS|NODENAME|RELEASE|VERSION|MACHINE|MEMORY|PANIC):/

const facts = (lines: readonly string[]): string[] => lines.filter((line) => FACTS.test(line))

export const sys = defineClaims([
  sameAsCrash('sys', { ours: facts, theirs: facts }),
  sameAsCrash('sys -t'),
])
