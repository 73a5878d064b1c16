// What TAB offers at the js prompt: names, and members of what a chain of members leads to. node's own completion looks
// through no proxy, and all that is sweet is one.
import { Script, type Context } from 'node:vm'
import type { Session } from '../core/crash/session.ts'
import { symbolNames } from './repl_complete.ts'

/** `task.mm.`, `k.init_task.cpus_mask.bits[0].`: nothing that would run code of the user's. */
const CHAIN = /([A-Za-z_$][\w$]*(?:\.[\w$]+|\[\d+\])*\.)?([\w$]*)$/

/** Complete the end of a line; returns candidates and what they replace, as node:readline wants them. */
export function completeJs(session: Session, context: Context, line: string): [string[], string] {
  const [word = '', chain = '', partial = ''] = CHAIN.exec(line) ?? []
  const base = chain.slice(0, -1)
  const names = base === 'k' ? symbolNames(session, partial) : memberNames(context, base)
  const hits = names.filter((name) => name.startsWith(partial)).map((name) => chain + name)
  return [Array.from(new Set(hits)).sort(), word]
}

function memberNames(context: Context, base: string): string[] {
  if (base === '') return Object.keys(context)
  try {
    const value: unknown = new Script(base).runInContext(context)
    if (typeof value !== 'object' || value === null) return []
    return [...Object.keys(value), ...methodNames(value)]
  } catch {
    // A name that is not there, a pointer that leads nowhere: nothing to offer.
    return []
  }
}

/** `map`, `filter`, `toArray`: of what can be iterated. */
function methodNames(value: object): string[] {
  const names: string[] = []
  for (
    let at: object | null = Object.getPrototypeOf(value) as object | null;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    names.push(...Object.getOwnPropertyNames(at).filter((name) => name !== 'constructor'))
  }
  return names
}
