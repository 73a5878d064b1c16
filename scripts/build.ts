// The bundle: src/cli/main.ts and all it imports as one file, dist/kbox.mjs. It is what gets installed, what goes
// into the capture initramfs, and what bin/kbox prefers while it is fresh (docs/design/0002-start-up.md).
import { existsSync, globSync, mkdirSync, renameSync, statSync, utimesSync } from 'node:fs'
import { build } from 'esbuild'

const ENTRY = 'src/cli/main.ts'
const BUNDLE = 'dist/kbox.mjs'

/**
 * Bundle kbox into dist/kbox.mjs.
 *
 * koffi stays outside: it is native code, found in node_modules at run time. Names are kept because
 * errors call themselves by their class's name, and a stack trace should be readable without a map.
 */
export async function buildBundle(): Promise<void> {
  const startedAt = new Date()
  mkdirSync('dist', { recursive: true })
  // Built beside and renamed: another kbox may be starting from the old one right now.
  const fresh = `${BUNDLE}.${process.pid}`
  await build({
    entryPoints: [ENTRY],
    outfile: fresh,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: ['koffi'],
    keepNames: true,
    legalComments: 'inline',
    logLevel: 'warning',
  })
  // A source saved while we bundled is newer than what was bundled of it.
  utimesSync(fresh, startedAt, startedAt)
  renameSync(fresh, BUNDLE)
}

/** Is the bundle missing, or older than a source it was made from? */
export function isStale(): boolean {
  if (!existsSync(BUNDLE)) return true
  const built = statSync(BUNDLE).mtimeMs
  const sources = ['package-lock.json', ...globSync('src/**')]
  return sources.some((source) => statSync(source).mtimeMs > built)
}

if (import.meta.main) {
  if (!existsSync(ENTRY)) {
    console.error(`build: ${ENTRY} does not exist, nothing to bundle`)
  } else if (!process.argv.includes('--if-stale') || isStale()) {
    // esbuild has said by then what is wrong and where.
    await buildBundle().catch(() => (process.exitCode = 1))
  }
}
