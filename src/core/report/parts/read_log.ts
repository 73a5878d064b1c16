// The log of the report: all of it, or its beginning and its end, which is where a crash tells of itself.
import type { Scene } from '../../diagnose/scene.ts'
import type { LogLine } from '../../diagnose/trouble.ts'
import { formatTimestamp } from '../../kernel/printk.ts'
import type { ReportLog, ReportLogLine } from '../model/log_model.ts'

const LINES_MAX = 3000
const TEXT_MAX = 200_000
/** Share of the limits that the beginning of a long log gets. */
const HEAD_SHARE = 0.2
/** A line may be a page long. */
const LINE_MAX = 1000

/** Read the log; null if there is none. */
export function readReportLog(scene: Pick<Scene, 'lines' | 'troubles'>): ReportLog | null {
  const { lines } = scene
  if (lines.length === 0) return null
  const head = countWithin(lines, LINES_MAX * HEAD_SHARE, TEXT_MAX * HEAD_SHARE)
  const tail = countWithin(
    lines.toReversed(),
    LINES_MAX * (1 - HEAD_SHARE),
    TEXT_MAX * (1 - HEAD_SHARE),
  )
  const isWhole = head + tail >= lines.length
  const kept = isWhole ? lines : [...lines.slice(0, head), ...lines.slice(lines.length - tail)]
  return {
    lineCount: lines.length,
    lines: kept.map(toLine),
    omitted: isWhole ? 0 : lines.length - head - tail,
    omittedAt: isWhole ? 0 : head,
    troubles: scene.troubles.map(({ kind, start, end }) => ({
      kind,
      line: start,
      lineCount: end - start,
    })),
  }
}

/** How many of the first lines keep both limits. */
function countWithin(lines: readonly LogLine[], linesMax: number, textMax: number): number {
  let text = 0
  const end = lines.findIndex(({ text: line }, index) => {
    text += Math.min(line.length, LINE_MAX)
    return index >= linesMax || text > textMax
  })
  return end < 0 ? lines.length : end
}

function toLine({ text, tsNsec, level }: LogLine): ReportLogLine {
  return {
    time: formatTimestamp(tsNsec).trim(),
    level,
    text: text.length > LINE_MAX ? `${text.slice(0, LINE_MAX)}…` : text,
  }
}
