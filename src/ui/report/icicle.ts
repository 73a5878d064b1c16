// All stacks as an icicle: the outermost functions on top, as wide as tasks are many; a click makes one the whole.
import { colourOf, drawing, element, find, fit, onPress, shape, textOf } from './dom.ts'

const WIDTH = 1200
const ROW = 18
const NARROWEST = 1.5
const DEPTH_MAX = 40

interface Branch {
  readonly name: string
  count: number
  readonly below: Map<string, Branch>
}

/** Draw it from the list of stacks. */
export function drawIcicle(): void {
  const [place] = find('[data-icicle]')
  const root = readStacks()
  if (!place || root.count === 0) return
  const said = element('p', { class: 'said', 'aria-live': 'polite' })
  const frame = element('div')
  const show = (branch: Branch, way: readonly Branch[]): void => {
    frame.replaceChildren(drawBranch(root, branch, way, show, said))
    said.textContent = `${branch.name}: ${branch.count} tasks`
  }
  place.append(frame, said)
  show(root, [])
}

function readStacks(): Branch {
  const root: Branch = { name: 'all tasks', count: 0, below: new Map() }
  for (const row of find('.stacks li')) {
    const count = Number(row.dataset['n'])
    root.count += count
    let at = root
    for (const name of textOf(row.querySelector('code'))
      .split(' < ')
      .toReversed()
      .slice(0, DEPTH_MAX)) {
      const next = at.below.get(name) ?? { name, count: 0, below: new Map() }
      at.below.set(name, next)
      next.count += count
      at = next
    }
  }
  return root
}

type Show = (branch: Branch, way: readonly Branch[]) => void

/** What is above the chosen one stays, to go back by. */
function drawBranch(
  root: Branch,
  chosen: Branch,
  way: readonly Branch[],
  show: Show,
  said: HTMLElement,
): SVGElement {
  const svg = drawing('Stacks of all tasks, the outermost functions on top', WIDTH, 0)
  let deepest = 0
  const draw = (
    branch: Branch,
    x: number,
    width: number,
    depth: number,
    above: readonly Branch[],
  ): void => {
    if (width < NARROWEST || depth > DEPTH_MAX) return
    deepest = Math.max(deepest, depth)
    svg.append(drawBox(branch, root, x, width, depth, () => show(branch, above), said))
    let at = x
    const inner = [...above, branch]
    for (const next of [...branch.below.values()].toSorted((a, b) => b.count - a.count)) {
      const part = (next.count / branch.count) * width
      draw(next, at, part, depth + 1, inner)
      at += part
    }
  }
  for (const [depth, branch] of way.entries())
    svg.append(
      drawBox(branch, root, 0, WIDTH, depth, () => show(branch, way.slice(0, depth)), said),
    )
  draw(chosen, 0, WIDTH, way.length, way)
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${(deepest + 1) * ROW}`)
  return svg
}

function drawBox(
  branch: Branch,
  root: Branch,
  x: number,
  width: number,
  depth: number,
  press: () => void,
  said: HTMLElement,
): SVGElement {
  const share = ((branch.count / root.count) * 100).toFixed(1)
  const label = `${branch.name}: ${branch.count} tasks, ${share} %`
  const box = shape(
    'g',
    { 'aria-label': label },
    shape('rect', { x, y: depth * ROW, width, height: ROW, fill: colourOf(branch.name), rx: 2 }),
    shape('text', { x: x + 4, y: depth * ROW + 13 }, fit(branch.name, width)),
    shape('title', {}, label),
  )
  const tell = (): void => void (said.textContent = label)
  box.addEventListener('mouseenter', tell)
  box.addEventListener('focus', tell)
  onPress(box, press)
  return box
}
