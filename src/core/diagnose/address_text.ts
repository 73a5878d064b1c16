// What findings call an address: the thing it lies in, as far as it can be told.
import { formatHex } from '../base/hex.ts'
import { identifyAddress, type Identity } from '../kernel/identify.ts'
import type { Program } from '../program/program.ts'

/** What says more than which pages an address lies on. */
const TELLING: readonly string[] = [
  'symbol',
  'percpu variable',
  'task',
  'task stack',
  'slab object',
  'module',
  'cpu stack',
  'vmalloc area',
  'value',
]

/** The thing that an address lies in; undefined where only its region is known. */
export function thingAt(program: Program, address: bigint): Identity | undefined {
  const found = identifyAddress(program, address)
  return TELLING.map((kind) => found.find((each) => each.kind === kind)).find(
    (each) => each !== undefined,
  )
}

/** `slab object kmalloc-64+0x10 (free)`, `session_table+0x10 [sensorhub]`; '' where nothing is known. */
export function thingText(program: Program, address: bigint): string {
  const thing = thingAt(program, address)
  if (!thing) return ''
  const { kind, name, offset = 0n, detail } = thing
  if (kind === 'symbol') return program.symbolize(address) ?? name
  const plus = offset === 0n ? '' : `+${formatHex(offset)}`
  return `${kind} ${name}${plus}${detail === '' ? '' : ` (${detail.replace(/^\((.*)\)$/, '$1')})`}`
}
