// The script of the HTML report: it adds to a page that can be read without it, and takes all it shows from that page.
import { addCopying } from './copy.ts'
import { addFilters } from './filter.ts'
import { addFolding } from './fold.ts'
import { drawGraphs } from './graph.ts'
import { drawIcicle } from './icicle.ts'
import { drawTimeline } from './timeline.ts'
import { drawTreemap } from './treemap.ts'

for (const add of [
  addFolding,
  addFilters,
  addCopying,
  drawTimeline,
  drawGraphs,
  drawIcicle,
  drawTreemap,
])
  add()
