// kbox run: a script of TypeScript over a dump. Node strips its types; 'kbox' is this very kbox, sources or bundle.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { setGivenDump } from '../api/open.ts'
import { UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { scriptErrorText } from './script_error.ts'
import { unlockNoted } from './noted_access.ts'

const OPTIONS = {
  eval: { type: 'string', short: 'e', value: 'code' },
  identity: { type: 'string' },
} as const
/** What code without a file of its own is called in messages. */
const NO_FILE = '[eval].ts'
const STDIN = '-'
const EXIT_FAILED = 1

/**
 * Run `kbox run SCRIPT VMCORE… [-- ARGUMENT…]` or `kbox run -e CODE VMCORE…`.
 *
 * @returns the exit code: the script's own, 1 if it failed
 * @throws {UsageError} if there is no script
 */
export async function runMain(argv: readonly string[]): Promise<number> {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  const { values, operands } = parseOptions(OPTIONS, argv.slice(0, end))
  const [file, ...dumps] = values.eval === undefined ? operands : [NO_FILE, ...operands]
  if (file === undefined) throw new UsageError('a SCRIPT is missing')
  const url = pathToFileURL(path.resolve(file === STDIN ? NO_FILE : file)).href
  const source = values.eval ?? readFileSync(file === STDIN ? 0 : file, 'utf8')
  await unlockNoted('run', dumps, values.identity)
  process.argv = [process.execPath, fileURLToPath(url), ...argv.slice(end + 1)]
  try {
    await importScript(url, source, dumps)
  } catch (error) {
    process.stderr.write(`${scriptErrorText(error, { url, source })}\n`)
    return EXIT_FAILED
  }
  return Number(process.exitCode ?? 0)
}

/** Run a script given as text, in place of what lies at `url`, if anything; its open() opens `dumps`. */
export async function importScript(
  url: string,
  source: string,
  dumps: readonly string[],
): Promise<unknown> {
  setGivenDump(dumps)
  const hooks = hookModules(url, source)
  try {
    return await import(url)
  } finally {
    hooks.deregister()
  }
}

/**
 * 'kbox' is the module beside this one. What a script imports is a module too: Node would guess, and warn, where no
 * package.json says what .ts is.
 */
function hookModules(main: string, source: string): ReturnType<typeof registerHooks> {
  const api = apiUrl()
  return registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'kbox') return { url: api, shortCircuit: true }
      // Code without a file is not there to be found.
      if (specifier === main) return { url: main, shortCircuit: true }
      return next(specifier, context)
    },
    load(url, context, next) {
      if (url === main) return { format: formatOf(url), source, shortCircuit: true }
      const isScripts = /\.m?ts$/.test(url) && !isOwnSource(url)
      return next(url, isScripts ? { ...context, format: formatOf(url) } : context)
    },
  })
}

function formatOf(url: string): string {
  return /\.m?js$/.test(url) ? 'module' : 'module-typescript'
}

const isSource = import.meta.url.endsWith('.ts')

/** In a checkout the sources are a module of their own; in the bundle there is a file beside this chunk. */
function apiUrl(): string {
  return new URL(isSource ? '../api/kbox.ts' : './api.mjs', import.meta.url).href
}

/** Sources of kbox run as they are, so that there is one copy of each module. */
function isOwnSource(url: string): boolean {
  return isSource && url.startsWith(new URL('..', import.meta.url).href)
}
