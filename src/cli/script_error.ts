// What a person sees of a script that failed: where in the script, the line, and what happened. Frames of kbox and Node
// are left out: they are no place to look for the mistake.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { KdumpError } from '../core/base/errors.ts'

/** The script: its URL and text. */
export interface Script {
  readonly url: string
  readonly source: string
}

interface Place {
  readonly url: string
  readonly line: number
  readonly column: number
}

/** Frames of the script shown below the first. */
const FRAMES_MAX = 5

/** `script.ts:3:7: NotFoundError: …`, the line below, then who called. */
export function scriptErrorText(error: unknown, script: Script): string {
  if (!(error instanceof Error)) return `kbox: the script threw ${String(error)}`
  const own = placesOf(error, script)
  const [place, ...callers] = own
  const name = error instanceof KdumpError ? error.constructor.name : error.name
  // Node's words for a syntax error end in an empty line.
  const message = `${name}: ${error.message.trim()}`
  if (!place) return `kbox: ${shortPath(script.url)}: ${message}`
  return [
    `${placeText(place)}: ${message}`,
    ...excerpt(place, script),
    ...callers.slice(0, FRAMES_MAX).map((caller) => `    called from ${placeText(caller)}`),
  ].join('\n')
}

/** Places in files that are no part of kbox or Node, innermost first. */
function placesOf(error: Error, script: Script): Place[] {
  const root = new URL(import.meta.url.endsWith('.ts') ? '..' : '.', import.meta.url).href
  const places: Place[] = []
  // A syntax error names its place before the message, an exception in its frames.
  for (const [, url, line, column] of (error.stack ?? '').matchAll(
    /(file:\/\/[^\s():]+(?:\/[^\s():]+)*):(\d+)(?::(\d+))?/g,
  )) {
    if (url === undefined || (url.startsWith(root) && url !== script.url)) continue
    places.push({ url, line: Number(line), column: Number(column ?? 0) })
  }
  return places
}

function placeText({ url, line, column }: Place): string {
  return `${shortPath(url)}:${line}${column > 0 ? `:${column}` : ''}`
}

function shortPath(url: string): string {
  const file = fileURLToPath(url)
  const relative = path.relative('.', file)
  return relative.startsWith('..') ? file : relative
}

function excerpt({ url, line, column }: Place, script: Script): string[] {
  const text = lineOf(url, line, script)
  if (text === undefined) return []
  return column > 0 ? [`    ${text}`, `    ${' '.repeat(column - 1)}^`] : [`    ${text}`]
}

function lineOf(url: string, line: number, script: Script): string | undefined {
  try {
    const source = url === script.url ? script.source : readFileSync(fileURLToPath(url), 'utf8')
    return source.split('\n')[line - 1]
  } catch {
    // The file is gone: the place is still told.
    return undefined
  }
}
