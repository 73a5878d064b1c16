// sys: the machine. UPTIME of crash 9.0.2 is minutes off on 6.12, and its file names are not ours.
import assert from 'node:assert/strict'
import { defineClaims, recipeClaim, replacing, sameAsCrash } from './claim.ts'

const FACTS = /^ *(CPUS|DATE|LOAD AVERAGE|TASKS|NODENAME|RELEASE|VERSION|MACHINE|MEMORY|PANIC):/

const facts = (lines: readonly string[]): string[] => lines.filter((line) => FACTS.test(line))
/** Source lines are DWARF's. */
const NO_SOURCE = replacing(/^( *[\da-f]+ {2}\S+|NUM {2}SYSTEM CALL) .*$/, '$1')

export const sys = defineClaims([
  sameAsCrash('sys', { ours: facts, theirs: facts }),
  sameAsCrash('sys -t'),
  sameAsCrash('sys -c', { theirs: NO_SOURCE }),
  sameAsCrash('sys -c read', { theirs: NO_SOURCE }),
  sameAsCrash('sys -c 10', { theirs: NO_SOURCE }),
  sameAsCrash('sys -i'),
  recipeClaim('sys config', 'no kernel of the dumps carries its configuration', ({ lines }) =>
    assert.match(lines[0] ?? '', /kernel_config_data|CONFIG_/),
  ),
])
