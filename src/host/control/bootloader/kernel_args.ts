// Kernel command lines as boot loaders keep them: words, some of them quoted. What is not changed stays byte for byte.
import { HostError } from '../../../core/base/errors.ts'

/** A change of one parameter. */
export interface ArgChange {
  readonly key: string
  /** What it is to be, in this order; none removes it. */
  readonly values: readonly string[]
}

/** Find all values of a parameter, in order; a flag without '=' has none. */
export function findArgs(args: string, key: string): string[] {
  return words(args)
    .filter(({ text }) => text.startsWith(`${key}=`))
    .map(({ text }) => text.slice(key.length + 1))
}

/** Find the value of a parameter that counts: the last. */
export function findArg(args: string, key: string): string | undefined {
  return findArgs(args, key).at(-1)
}

/**
 * Change parameters. The new value stands where the last old one stood, or at the end; the other old ones go.
 *
 * @throws {HostError} if a quote is not finished: nobody knows where words end then
 */
export function changeArgs(args: string, changes: readonly ArgChange[]): string {
  if ((args.match(/"/g)?.length ?? 0) % 2 === 1) {
    throw new HostError(
      `unfinished quote in the kernel command line '${args.trim()}': mend it first`,
    )
  }
  return changes.reduce((text, { key, values }) => changeArg(text, key, values), args)
}

function changeArg(args: string, key: string, values: readonly string[]): string {
  const isKey = (text: string): boolean => text === key || text.startsWith(`${key}=`)
  const old = words(args).filter(({ text }) => isKey(text))
  const replacement = values.map((value) => `${key}=${value}`).join(' ')
  const isDone = old.map(({ text }) => text).join(' ') === replacement
  if (isDone) return args
  const last = old.at(-1)
  if (!last) {
    const body = args.trimEnd()
    return `${body}${body === '' ? '' : ' '}${replacement}${args.slice(body.length)}`
  }
  let changed = args
  for (const { start, end } of old.toReversed()) {
    if (start === last.start && replacement !== '')
      changed = `${changed.slice(0, start)}${replacement}${changed.slice(end)}`
    else changed = removeWord(changed, start, end)
  }
  return changed
}

/** The first word goes with the blanks behind it, every other one with those in front. */
function removeWord(text: string, start: number, end: number): string {
  const before = text.slice(0, start)
  const kept = before.trimEnd()
  return kept === '' ? before + text.slice(end).replace(/^\s+/, '') : kept + text.slice(end)
}

interface Word {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Blanks within double quotes do not end a word. */
function words(args: string): Word[] {
  return Array.from(args.matchAll(/(?:"[^"]*(?:"|$)|[^\s"])+/g), (match) => {
    return { text: match[0], start: match.index, end: match.index + match[0].length }
  })
}
