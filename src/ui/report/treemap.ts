// Memory as a map: areas are bytes. Large users of a share lie within it. Layout: squarified treemaps (Bruls, Huizing,
// van Wijk, 2000).
import { colourOf, drawing, find, fit, shape, textOf } from './dom.ts'

const WIDTH = 1200
const HEIGHT = 260

interface Area {
  readonly name: string
  readonly bytes: number
  readonly size: string
  readonly inner: readonly Area[]
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Draw it from the tables of memory. */
export function drawTreemap(): void {
  const [place] = find('[data-treemap]')
  const shares = readAreas('[data-shares]').map((share) => ({ ...share, inner: usersOf(share) }))
  if (!place || shares.length === 0) return
  const svg = drawing('Memory by use', WIDTH, HEIGHT)
  drawAreas(svg, shares, { x: 0, y: 0, width: WIDTH, height: HEIGHT }, undefined)
  place.append(svg)
}

/** The users of a share that are known by name, unless they use more than that: some memory counts for several. */
function usersOf({ name, bytes }: Area): readonly Area[] {
  const users = /processes|anon/.test(name)
    ? readAreas('[data-processes]')
    : name.startsWith('slab')
      ? readAreas('[data-caches]', /unreclaimable|reclaimable/.exec(name)?.[0])
      : []
  return users.reduce((sum, user) => sum + user.bytes, 0) > bytes ? [] : users
}

/** Rows of a table, or those whose last cell has a word. */
function readAreas(selector: string, word?: string): Area[] {
  return find(`${selector} tbody tr`).flatMap((row) => {
    const size = row.querySelector('data')
    const bytes = Number(size?.value)
    if (!(bytes > 0) || (word !== undefined && textOf(row.lastElementChild) !== word)) return []
    return [{ name: textOf(row.querySelector('td')), bytes, size: textOf(size), inner: [] }]
  })
}

function drawAreas(
  svg: SVGElement,
  areas: readonly Area[],
  box: Box,
  colour: string | undefined,
): void {
  for (const [area, at] of squarify(areas, box)) {
    const label = `${area.name}: ${area.size}`
    svg.append(
      shape(
        'g',
        {},
        shape('rect', { ...at, fill: colour ?? colourOf(area.name), rx: 2 }),
        shape('text', { x: at.x + 4, y: at.y + 13 }, at.height > 14 ? fit(label, at.width) : ''),
        shape('title', {}, label),
      ),
    )
    const room = { x: at.x + 3, y: at.y + 18, width: at.width - 6, height: at.height - 21 }
    if (area.inner.length > 0 && room.width > 40 && room.height > 20)
      drawAreas(svg, withRest(area), room, colourOf(`${area.name} `))
  }
}

/** The largest are known by name; the rest keeps its share of the room. */
function withRest({ bytes, inner }: Area): Area[] {
  const known = inner.reduce((sum, area) => sum + area.bytes, 0)
  const rest = bytes - known
  return rest > 0 ? [...inner, { name: 'others', bytes: rest, size: '', inner: [] }] : [...inner]
}

function squarify(areas: readonly Area[], box: Box): (readonly [Area, Box])[] {
  const sorted = areas.toSorted((a, b) => b.bytes - a.bytes)
  const total = sorted.reduce((sum, { bytes }) => sum + bytes, 0)
  const scale = (box.width * box.height) / total
  const placed: (readonly [Area, Box])[] = []
  let room = box
  let row: Area[] = []
  for (const area of sorted) {
    const side = Math.min(room.width, room.height)
    if (row.length > 0 && worst([...row, area], side, scale) > worst(row, side, scale)) {
      room = placeRow(placed, row, room, scale)
      row = []
    }
    row.push(area)
  }
  placeRow(placed, row, room, scale)
  return placed
}

/** The most elongated of a row. */
function worst(row: readonly Area[], side: number, scale: number): number {
  const depth = (row.reduce((sum, { bytes }) => sum + bytes, 0) * scale) / side
  return Math.max(
    ...row.map(({ bytes }) => {
      const length = (bytes * scale) / depth
      return Math.max(depth / length, length / depth)
    }),
  )
}

/** Lay a row along the shorter side; returns the room that is left. */
function placeRow(
  placed: (readonly [Area, Box])[],
  row: readonly Area[],
  room: Box,
  scale: number,
): Box {
  const bytes = row.reduce((sum, area) => sum + area.bytes, 0)
  const isWide = room.width >= room.height
  const depth = (bytes * scale) / (isWide ? room.height : room.width)
  let along = isWide ? room.y : room.x
  for (const area of row) {
    const length = (area.bytes * scale) / depth
    placed.push([
      area,
      isWide
        ? { x: room.x, y: along, width: depth, height: length }
        : { x: along, y: room.y, width: length, height: depth },
    ])
    along += length
  }
  return isWide
    ? { ...room, x: room.x + depth, width: room.width - depth }
    : { ...room, y: room.y + depth, height: room.height - depth }
}
