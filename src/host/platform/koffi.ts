// How koffi (calls of C functions) is loaded: at first use, and its native part directly where that works.
// Measured: dlopen of koffi.node takes 1–2 ms, the package's JavaScript front 20 ms, and the front adds only
// deprecated names.
import { createRequire } from 'node:module'
import { UnsupportedError } from '../../core/base/errors.ts'

/** The package as its types describe it. */
export type Koffi = typeof import('koffi')
/** A C function; koffi checks and converts arguments by the prototype it was declared with. */
export type NativeFunction = (...args: readonly unknown[]) => unknown

let loaded: Koffi | undefined
let failure: unknown

/**
 * Get koffi.
 *
 * @throws {UnsupportedError} where the npm package is missing or has no build for this platform
 */
export function loadKoffi(): Koffi {
  if (loaded) return loaded
  if (failure === undefined) {
    try {
      loaded = loadDirectly() ?? loadPackage()
      return loaded
    } catch (cause) {
      failure = cause
    }
  }
  throw new UnsupportedError('calls of C functions (npm package koffi cannot be loaded)', {
    cause: failure,
  })
}

const require = createRequire(import.meta.url)

function loadPackage(): Koffi {
  return require('koffi') as Koffi
}

function loadDirectly(): Koffi | undefined {
  const { platform, arch } = process
  try {
    const file = require.resolve(
      `@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`,
    )
    const holder = { exports: {} }
    process.dlopen(holder, file)
    return holder.exports as Koffi
  } catch {
    // Another C library (musl), another layout of the package: its own front knows where to look.
    return undefined
  }
}
