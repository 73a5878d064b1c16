// The rhythm of the log: lines over time by how serious they are, with the turning points above.
import { drawing, element, find, shape, textOf } from './dom.ts'

const WIDTH = 1200
const HEIGHT = 110
const BASE = 84
const BINS = 150
const SERIOUS = new Set(['trouble', 'panic', 'oom', 'error'])

/** Draw it, where there is a log. */
export function drawTimeline(): void {
  const [place] = find('[data-timeline]')
  const lines = find('.log li')
    .map((line) => ({ seconds: Number(textOf(line.querySelector('time'))), rank: rankOf(line) }))
    .filter(({ seconds }) => Number.isFinite(seconds))
  const end = Math.max(...lines.map(({ seconds }) => seconds), 0)
  if (!place || end === 0) return
  const svg = drawing('Lines of the log over time', WIDTH, HEIGHT)
  const bins = Array.from({ length: BINS }, () => [0, 0, 0])
  for (const { seconds, rank } of lines) {
    const bin = bins[Math.min(BINS - 1, Math.floor((seconds / end) * BINS))]
    if (bin) bin[rank] = (bin[rank] ?? 0) + 1
  }
  // A boot prints hundreds of lines in a second: by their logarithm the few later ones are seen too.
  const most = Math.log1p(
    Math.max(...bins.map((bin) => bin.reduce((sum, count) => sum + count, 0))),
  )
  for (const [index, bin] of bins.entries()) drawBin(svg, index, bin, most)
  drawAxis(svg, end)
  for (const event of find('.events li')) drawEvent(svg, event, end)
  place.append(
    svg,
    element(
      'p',
      { class: 'note' },
      'Lines of the log (logarithmic), by level; turning points above.',
    ),
  )
}

function rankOf(line: Element): number {
  if (/\bl[0-3]\b/.test(line.className)) return 2
  return /\bl4\b/.test(line.className) ? 1 : 0
}

function drawBin(svg: SVGElement, index: number, bin: readonly number[], most: number): void {
  const total = bin.reduce((sum, count) => sum + count, 0)
  if (total === 0) return
  const height = (Math.log1p(total) / most) * 52
  const width = WIDTH / BINS
  let y = BASE
  for (const [rank, count] of bin.entries()) {
    const part = (count / total) * height
    y -= part
    svg.append(
      shape('rect', {
        class: `bar ${['', 'warn', 'err'][rank] ?? ''}`,
        x: index * width + 0.5,
        y,
        width: width - 1,
        height: part,
      }),
    )
  }
}

function drawAxis(svg: SVGElement, end: number): void {
  svg.append(shape('line', { class: 'axis', x1: 0, x2: WIDTH, y1: BASE, y2: BASE }))
  for (let tick = 0; tick <= 6; tick++) {
    const x = (tick / 6) * WIDTH
    const anchor = tick === 0 ? 'start' : tick === 6 ? 'end' : 'middle'
    svg.append(
      shape(
        'text',
        { class: 'dim', x, y: BASE + 16, 'text-anchor': anchor },
        `${((end * tick) / 6).toFixed(1)} s`,
      ),
    )
  }
}

function drawEvent(svg: SVGElement, event: HTMLElement, end: number): void {
  const x = (Number(event.dataset['t']) / end) * WIDTH
  const kind = event.dataset['kind'] ?? ''
  const mark = shape('line', {
    class: `event ${SERIOUS.has(kind) ? 'serious' : ''}`,
    x1: x,
    x2: x,
    y1: SERIOUS.has(kind) ? 4 : 16,
    y2: BASE,
  })
  mark.append(shape('title', {}, textOf(event)))
  svg.append(mark)
}
