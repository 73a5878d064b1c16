// Freeing buffers early. V8 counts memory outside of its heap, but lets some 64 MB of it go to waste before it looks for
// what is unused: in a capture kernel that is a third of all there is.
import v8 from 'node:v8'
import vm from 'node:vm'

/** How much may lie unused, bytes. */
const WASTE_MAX = 12 * 2 ** 20

type Collect = (options?: { readonly type: 'minor' }) => void

let collect: Collect | undefined
/** External memory after the last look. */
let floor = 0

/** Collect garbage if more than a few megabytes of buffers were made since the last time. Costs a microsecond if not. */
export function collectBuffers(): void {
  const external = v8.getHeapStatistics().external_memory
  if (external < floor) floor = external
  if (external - floor < WASTE_MAX) return
  collect ??= exposeCollect()
  collect({ type: 'minor' })
  // What lived through two young collections is found by a full one only.
  if (v8.getHeapStatistics().external_memory - floor >= WASTE_MAX) collect()
  floor = v8.getHeapStatistics().external_memory
}

function exposeCollect(): Collect {
  v8.setFlagsFromString('--expose-gc')
  const found: Collect | undefined = vm.runInNewContext('gc')
  return found ?? (() => {})
}
