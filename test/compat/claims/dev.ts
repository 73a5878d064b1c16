// dev: device numbers, what they claim, and requests in flight.
import assert from 'node:assert/strict'
import type { JsonRow } from './claim.ts'
import { defineClaims, drgnClaim, guestClaim, recipeClaim, sameAsCrash } from './claim.ts'

/** `Character devices:` and `Block devices:` of /proc/devices, each a number and a name. */
function parseDevices(text: string): { character: string[]; block: string[] } {
  const [character = '', block = ''] = text.split('Block devices:')
  const names = (part: string): string[] =>
    [...part.matchAll(/^ *(\d+) (.+)$/gm)].map(([, major, name]) => `${major} ${name}`)
  return { character: names(character), block: names(block) }
}

const claimed = (row: JsonRow): string =>
  `${Number(row.start).toString(16)}-${Number(row.end).toString(16)} ${row.name}`

/** `  0000-001f : dma1` of /proc/ioports and /proc/iomem, as above. */
const parseResources = (text: string): string[] =>
  [...text.matchAll(/^ *([\da-f]+)-([\da-f]+) : (.*)$/gm)].map(
    ([, start, end, name]) =>
      `${BigInt(`0x${start}`).toString(16)}-${BigInt(`0x${end}`).toString(16)} ${name}`,
  )

const IN_FLIGHT = `
result = {}
for disk in for_each_disk(prog):
    result[disk_name(disk).decode()] = [hex(disk.value_()), len(list(request_queue_busy_iter(disk.queue, "driver")))]`

export const dev = defineClaims([
  ...['dev', 'dev -i', 'dev -p', 'dev -d', 'dev -D'].map((line) => sameAsCrash(line)),
  guestClaim('dev', ({ rows }, truth) => {
    const { character, block } = parseDevices(truth.read('devices'))
    const ours = rows.map(({ major, name }) => `${major} ${name}`)
    for (const each of [...character, ...block]) assert.ok(ours.includes(each), each)
  }),
  guestClaim('dev -i', ({ rows }, truth) => {
    const known = [...parseResources(truth.read('ioports')), ...parseResources(truth.read('iomem'))]
    assert.ok(known.length > 30)
    const ours = rows.filter(({ depth }) => depth > 0).map((row) => claimed(row))
    for (const each of known) assert.ok(ours.includes(each), each)
  }),
  guestClaim('dev -p', ({ rows }, truth) => {
    // `0010\t1af41001\t…`: bus and devfn, vendor and device.
    const known = [
      ...truth.read('bus/pci/devices').matchAll(/^([\da-f]{4})\t([\da-f]{4})([\da-f]{4})\t/gm),
    ]
    assert.ok(known.length > 3)
    const ours = rows
      .filter((row) => 'pci_id' in row)
      .map(({ name, pci_id }) => {
        const [, bus = '', slot = '', fn = ''] = /^[\da-f]{4}:(..):(..)\.(.)$/.exec(name) ?? []
        const devfn = Number.parseInt(slot, 16) * 8 + Number(fn)
        return `${bus}${devfn.toString(16).padStart(2, '0')} ${pci_id}`
      })
    assert.deepEqual(
      ours.toSorted(),
      known.map(([, at, vendor, device]) => `${at} ${vendor}:${device}`).toSorted(),
    )
  }),
  drgnClaim('dev -d', IN_FLIGHT, ({ rows }, theirs) => {
    const quiet = ([name]: [string, unknown]): boolean => !name.startsWith('loop')
    assert.deepEqual(
      rows.map(({ name, gendisk, total }) => [name, [gendisk, total]]),
      Object.entries<unknown>(theirs).filter(quiet),
    )
  }),
  drgnClaim('dev -D', IN_FLIGHT, ({ rows }, theirs) => {
    const busy = Object.values<[string, number]>(theirs).filter(([, count]) => count > 0)
    assert.equal(rows.length, busy.length)
  }),
  ...['dev -V', 'dev -v 0'].map((line) =>
    recipeClaim(line, 'no driver of the guest dumps its device', ({ lines }) =>
      assert.deepEqual(lines.slice(0, 1), ['dev: no device dumps found in this dumpfile']),
    ),
  ),
])
