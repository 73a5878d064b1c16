// Writes the man pages of all verbs to packaging/man:  bin/node scripts/man.ts
import { mkdirSync, writeFileSync } from 'node:fs'
import { formatManPage } from '../src/cli/man_page.ts'
import { VERBS } from '../src/cli/verbs.ts'

mkdirSync('packaging/man', { recursive: true })
for (const verb of VERBS) writeFileSync(`packaging/man/kbox-${verb.name}.8`, formatManPage(verb))
