// An access log against itself: does each line have the hash of the one before? Read piece by piece: it may be long.
import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { attempt } from '../../../core/base/errors.ts'
import { Members } from '../../platform/members.ts'
import { hashOfLine, isLineIntact, NO_HASH } from './access_log.ts'

/** What was found. */
export interface CheckedLog {
  readonly lineCount: number
  /** Hash of the last line: whoever keeps it elsewhere can tell later that nothing was cut off up to here. */
  readonly head: string
  /** Wrong lines, the first few, with their numbers from 1. */
  readonly problems: readonly { readonly line: number; readonly what: string }[]
  /** Was the line of the hash that was asked for found? */
  readonly hasHead: boolean
}

const PIECE_SIZE = 1 << 16
const PROBLEMS_MAX = 20

/** Check a log. @param wantedHead a hash that it must hold; undefined for none */
export function verifyLog(file: string, wantedHead?: string): CheckedLog {
  const problems: { line: number; what: string }[] = []
  let lineCount = 0
  let head = NO_HASH
  let hasHead = wantedHead === undefined || wantedHead === NO_HASH
  for (const { text, isWhole } of readLines(file)) {
    lineCount++
    const what = isWhole ? checkLine(file, text, head) : 'the line has no end'
    if (what !== '' && problems.length < PROBLEMS_MAX) problems.push({ line: lineCount, what })
    head = hashOfLine(text)
    hasHead ||= head === wantedHead
  }
  return { lineCount, head, problems, hasHead }
}

function checkLine(file: string, text: string, head: string): string {
  const previous = attempt(() => Members.parse(file, text).string('previous'))
  if (previous === undefined) return 'no record of ours'
  if (!isLineIntact(text)) return 'it was changed'
  if (previous === head) return ''
  return head === NO_HASH
    ? 'it is not the first that was written: lines before it were cut out'
    : 'it does not follow the line before: lines between were cut out, changed or put in'
}

function* readLines(file: string): Generator<{ text: string; isWhole: boolean }> {
  const fd = openSync(file, 'r')
  try {
    const decoder = new StringDecoder('utf8')
    const piece = Buffer.alloc(PIECE_SIZE)
    let rest = ''
    for (let got = 1; got > 0;) {
      got = readSync(fd, piece)
      const lines = `${rest}${decoder.write(piece.subarray(0, got))}`.split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) yield { text, isWhole: true }
    }
    if (rest !== '') yield { text: rest, isWhole: false }
  } finally {
    closeSync(fd)
  }
}
