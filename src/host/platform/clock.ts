// A clock for measuring. `performance` is one, too, but the first look at it loads modules for 5 ms.

/** Milliseconds of a clock that never jumps. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
