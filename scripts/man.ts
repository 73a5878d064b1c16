// Writes the man pages of all verbs to packaging/man, and the completion of bash:  bin/node scripts/man.ts
import { mkdirSync, writeFileSync } from 'node:fs'
import { formatCompletion } from '../src/cli/completion.ts'
import { formatManPage } from '../src/cli/man_page.ts'
import { VERBS } from '../src/cli/verbs.ts'

for (const folder of ['man', 'completion']) mkdirSync(`packaging/${folder}`, { recursive: true })
for (const verb of VERBS) writeFileSync(`packaging/man/kbox-${verb.name}.8`, formatManPage(verb))
writeFileSync('packaging/completion/kbox', formatCompletion(VERBS))
