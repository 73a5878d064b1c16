// The bundle: src/cli/main.ts and all it imports, as dist/bundle/kbox.mjs, one chunk a verb, the thread that packs pages,
// and the API for scripts, with its declarations beside. It is what gets installed, what goes into the capture initramfs,
// and what bin/kbox prefers while it is fresh (docs/design/0002-start-up.md).
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { commonjsInBundle } from './commonjs_in_bundle.ts'

const ENTRY = 'src/cli/main.ts'
/** Folder of the bundle. */
export const BUNDLE = 'dist/bundle'
/** Folder of the declarations, beside it. */
export const TYPES = 'dist/types'
/** What is started. It is written last: who finds it finds all that it loads. */
const MAIN = 'kbox.mjs'

/**
 * Bundle kbox into a folder, dist/bundle if not given.
 *
 * koffi stays outside: it is native code, found in node_modules at run time. So does iced-x86, WebAssembly that finds its
 * code beside itself and that a capture kernel can do without. Names are kept because
 * errors call themselves by their class's name, and a stack trace should be readable without a map.
 */
export async function buildBundle(folder = BUNDLE): Promise<void> {
  const startedAt = new Date()
  const fresh = `${folder}.${process.pid}`
  await build({
    entryPoints: {
      kbox: ENTRY,
      page_worker: 'src/host/capture/page_worker.ts',
      // What `kbox run` gives scripts as 'kbox', and what package.json exports.
      api: 'src/api/kbox.ts',
    },
    outdir: fresh,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: ['koffi', 'iced-x86'],
    plugins: [commonjsInBundle],
    keepNames: true,
    legalComments: 'inline',
    logLevel: 'warning',
  })
  // A source saved while we bundled is newer than what was bundled of it.
  utimesSync(path.join(fresh, MAIN), startedAt, startedAt)
  replaceBundle(fresh, folder)
}

/**
 * Write the declarations that scripts are checked against, dist/types/api/kbox.d.ts and what it mentions.
 *
 * @throws {Error} if the sources have errors, which tsc has told by then
 */
export function buildTypes(folder = TYPES): void {
  execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.types.json', '--outDir', folder], {
    stdio: 'inherit',
  })
}

/** Built beside and moved: another kbox may be starting from the old one right now. Chunks carry a hash in their name. */
function replaceBundle(fresh: string, folder: string): void {
  mkdirSync(folder, { recursive: true })
  const files = readdirSync(fresh)
  for (const file of [...files.filter((name) => name !== MAIN), MAIN]) {
    renameSync(path.join(fresh, file), path.join(folder, file))
  }
  rmSync(fresh, { recursive: true })
  for (const file of readdirSync(folder)) {
    if (!files.includes(file)) rmSync(path.join(folder, file))
  }
}

/** Is the bundle missing, or older than a source it was made from? */
export function isStale(): boolean {
  const main = path.join(BUNDLE, MAIN)
  if (!existsSync(main)) return true
  const built = statSync(main).mtimeMs
  const sources = ['package-lock.json', ...globSync('src/**')]
  return sources.some((source) => statSync(source).mtimeMs > built)
}

if (import.meta.main) {
  if (!existsSync(ENTRY)) {
    console.error(`build: ${ENTRY} does not exist, nothing to bundle`)
  } else if (!process.argv.includes('--if-stale') || isStale()) {
    // esbuild has said by then what is wrong and where.
    await buildBundle()
      .then(() => buildTypes())
      .catch(() => (process.exitCode = 1))
  }
}
