// The id of a crash that `kbox test` provoked: a word of the capture kernel's command line, so that the test runs the very
// image that is armed, and a member of the manifest, by which the dump is known again. The word is kdumpctl's.

const KEY = 'kdump_test_id'

/** Make an id: seconds and nanoseconds, as kdumpctl's `date +%s-%N`. */
export function makeTestId(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000)
  const nanoseconds = Math.floor((nowMs % 1000) * 1e6)
  return `${seconds}-${String(nanoseconds).padStart(9, '0')}`
}

/** Format an id as a word of a command line, or of the status file. */
export function formatTestId(id: string): string {
  return `${KEY}=${id}`
}

/** Find the id in a command line or a status line; undefined if there is none. */
export function findTestId(text: string): string | undefined {
  return new RegExp(`(?:^|\\s)${KEY}=(\\d{1,12}-\\d{1,9})(?:\\s|$)`).exec(text)?.[1]
}

/** When a test was begun, in milliseconds since the epoch. */
export function testTimeMs(id: string): number {
  return Number(id.split('-')[0]) * 1000
}
