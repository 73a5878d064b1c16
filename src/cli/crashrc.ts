// .crashrc: settings and aliases of a person, and of a folder. Source: crash's help (help input).
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KdumpError } from '../core/base/errors.ts'
import { parseLine } from '../core/crash/parse_line.ts'
import { runWords } from '../core/crash/run_command.ts'
import type { Session } from '../core/crash/session.ts'

/** What a line may be: a file that lies beside a stranger's dump runs no shell and writes no files. */
const ALLOWED = ['set', 'alias']

/** Run `set` and `alias` lines of ~/.crashrc, then of ./.crashrc; other lines are passed over. */
export function runCrashrc(session: Session): void {
  for (const path of [join(homedir(), '.crashrc'), '.crashrc']) {
    for (const text of readLines(path)) runLine(session, path, text)
  }
}

function runLine(session: Session, path: string, text: string): void {
  try {
    const line = parseLine(text)
    if (line.kind !== 'command' || line.sink.kind !== 'screen') return
    if (!ALLOWED.includes(line.words[0] ?? '')) return
    for (const block of runWords(session, line.words)) {
      if (block.kind === 'problem') warn(path, block.message)
    }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    warn(path, error.message)
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    // Most people have none.
    return []
  }
}

function warn(path: string, message: string): void {
  process.stderr.write(`kbox: ${path}: ${message}\n`)
}
