// What a crash session may ask of this machine: to wait, and to load commands from files that a person names.
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { NotFoundError, UsageError } from '../core/base/errors.ts'
import type { SessionHost } from '../core/crash/session.ts'

const MODULE = /\.(?:[cm]?js|[cm]?ts)$/

/** This machine, for `repeat` and `extend`. */
export const SESSION_HOST: SessionHost = {
  sleep(ms) {
    if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  },
  findModule(name) {
    const isPath = isAbsolute(name) || name.includes('/')
    const found = (isPath ? [resolve(name)] : folders().map((folder) => join(folder, name))).find(
      (path) => existsSync(path),
    )
    if (found === undefined) throw new NotFoundError('file', name)
    return found
  },
  listModules() {
    return folders().flatMap((folder) =>
      existsSync(folder)
        ? readdirSync(folder)
            .filter((name) => MODULE.test(name))
            .map((name) => join(folder, name))
        : [],
    )
  },
  loadModule(path) {
    try {
      return createRequire(import.meta.url)(path)
    } catch (cause) {
      const what = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
      throw new UsageError(`${path}: cannot be loaded: ${what}`, { cause })
    }
  },
}

/** Where names without a slash are searched, in crash's order. */
function folders(): string[] {
  const named = process.env.CRASH_EXTENSIONS
  return ['.', ...(named === undefined ? [] : [named]), 'extensions'].map((folder) =>
    resolve(folder),
  )
}
