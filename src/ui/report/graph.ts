// Who waits for whom as a graph: tasks point at what they wait for, that at who holds it; what nobody waits behind is on
// the right. Drawn from the tables of the groups; many tasks that wait for one thing are one node.
import { drawing, element, find, fit, shape, textOf } from './dom.ts'

/** Between columns, as the page has room for them. */
const COLUMN_MAX = 250
const COLUMN_MIN = 180
const WIDTH = 1180
const GAP = 44
const ROW = 46
const BOX_HEIGHT = 32
/** Waiters of one thing that are drawn one by one. */
const SINGLES_MAX = 4
const NODES_MAX = 60

interface GraphNode {
  readonly id: string
  readonly label: string
  readonly isThing: boolean
  readonly to: Set<string>
  column: number
  row: number
}

type Graph = Map<string, GraphNode>

/** Draw each group. */
export function drawGraphs(): void {
  for (const group of find('[data-graph]')) {
    const graph = readGraph(group)
    if (graph.size > 1 && graph.size <= NODES_MAX)
      group.querySelector('summary')?.after(element('div', { class: 'graph' }, drawGraph(graph)))
  }
}

function readGraph(group: HTMLElement): Graph {
  const graph: Graph = new Map()
  const node = (id: string, label: string, isThing: boolean): GraphNode => {
    const made = graph.get(id) ?? { id, label, isThing, to: new Set(), column: 0, row: 0 }
    graph.set(id, made)
    return made
  }
  const waits = find('tbody tr', group).map((row) => {
    const [task, , , , owners] = find('td', row)
    return {
      task: textOf(task),
      thing: textOf(row.querySelector('[data-thing]')),
      owners: owners ? find('[data-owner]', owners).map(textOf) : [],
    }
  })
  const holders = new Set(waits.flatMap(({ owners }) => owners))
  for (const [thing, same] of Map.groupBy(waits, (wait) => wait.thing)) {
    const target = node(`thing ${thing}`, thing, true)
    for (const { owners } of same)
      for (const owner of owners) target.to.add(node(`task ${owner}`, owner, false).id)
    // Who holds something is drawn alone; of others only the first few are.
    const named = same.filter(({ task }, index) => holders.has(task) || index < SINGLES_MAX)
    for (const { task } of named) node(`task ${task}`, task, false).to.add(target.id)
    const rest = same.length - named.length
    if (rest > 0) node(`rest ${thing}`, `${rest} more tasks`, false).to.add(target.id)
  }
  return graph
}

/** Columns by the longest way to an end; in a ring, by the way until it closes. */
function arrange(graph: Graph): void {
  const visit = (node: GraphNode, way: ReadonlySet<string>): number => {
    if (way.has(node.id)) return 0
    const inner = new Set([...way, node.id])
    const steps = [...node.to].map((id) => {
      const next = graph.get(id)
      return next && !inner.has(id) ? 1 + (next.column || visit(next, inner)) : 0
    })
    node.column = Math.max(0, ...steps)
    return node.column
  }
  for (const node of graph.values()) visit(node, new Set())
  const rows = new Map<number, number>()
  for (const node of graph.values()) {
    node.row = rows.get(node.column) ?? 0
    rows.set(node.column, node.row + 1)
  }
}

function drawGraph(graph: Graph): SVGElement {
  arrange(graph)
  const nodes = [...graph.values()]
  const columns = Math.max(...nodes.map(({ column }) => column))
  const rows = Math.max(...nodes.map(({ row }) => row)) + 1
  const step = Math.min(COLUMN_MAX, Math.max(COLUMN_MIN, WIDTH / (columns + 1)))
  const box = step - GAP
  const place = ({ column, row }: GraphNode): { x: number; y: number } => {
    const height = nodes.filter((other) => other.column === column).length
    return { x: (columns - column) * step + 10, y: (row + (rows - height) / 2) * ROW + 8 }
  }
  const width = columns * step + box + 20
  const svg = drawing('Who waits for whom', width, rows * ROW + 30)
  svg.setAttribute('width', String(width))
  for (const node of nodes)
    for (const id of node.to) {
      const next = graph.get(id)
      if (next) svg.append(...drawEdge(place(node), place(next), box, rows * ROW + 18))
    }
  for (const node of nodes) svg.append(drawNode(node, place(node), box))
  return svg
}

interface Point {
  readonly x: number
  readonly y: number
}

/** An edge back, which closes a ring, goes below everything. */
function drawEdge(from: Point, to: Point, width: number, bottom: number): SVGElement[] {
  const y1 = from.y + BOX_HEIGHT / 2
  const y2 = to.y + BOX_HEIGHT / 2
  const x1 = from.x + width
  const isBack = to.x <= from.x
  const end = isBack ? { x: to.x + width / 2, y: to.y + BOX_HEIGHT } : { x: to.x, y: y2 }
  const way = isBack
    ? `M${from.x + width / 2} ${from.y + BOX_HEIGHT}V${bottom}H${end.x}V${end.y + 6}`
    : `M${x1} ${y1}C${x1 + 25} ${y1} ${end.x - 25} ${y2} ${end.x - 6} ${y2}`
  const head = isBack ? `M${end.x} ${end.y}l-4 8h8z` : `M${end.x} ${end.y}l-8 -4v8z`
  return [shape('path', { class: 'edge', d: way }), shape('path', { class: 'arrow', d: head })]
}

function drawNode({ label, isThing, to }: GraphNode, { x, y }: Point, width: number): SVGElement {
  const kind = isThing ? 'thing' : to.size === 0 ? 'root' : ''
  return shape(
    'g',
    {},
    shape('rect', {
      class: `node ${kind}`,
      x,
      y,
      width,
      height: BOX_HEIGHT,
      rx: isThing ? 14 : 4,
    }),
    shape(
      'text',
      { class: 'ink', x: x + width / 2, y: y + 20, 'text-anchor': 'middle' },
      fit(label, width - 6),
    ),
    shape('title', {}, label),
  )
}
