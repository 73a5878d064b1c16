// Makes docs/formats/support.md anew, with the tools at hand:  bin/node scripts/support_table.ts
// It needs the dumps that `npm run vm` leaves in the cache, the peers of fetch_peers.ts and a vmlinux; some minutes.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { supportTools } from '../test/support/support_matrix.ts'
import { formatSupport, observeSupport, SUPPORT_FILE } from '../test/support/support_table.ts'

const table = await observeSupport(supportTools(), (row, answers) => {
  console.error(
    `${row}: ${Array.from(answers, ([tool, answer]) => `${tool} ${answer}`).join(', ')}`,
  )
})
mkdirSync(path.dirname(SUPPORT_FILE), { recursive: true })
writeFileSync(SUPPORT_FILE, formatSupport(table))
console.log(SUPPORT_FILE)
