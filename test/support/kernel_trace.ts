// The call trace that the kernel itself printed into its log when it died.

/** One line of a call trace: `panic+0x118/0x2f4`, with ` [module]` behind it for a module's function. */
export interface PrintedFrame {
  readonly name: string
  readonly offset: number
  readonly module: string
}

/**
 * Find the last call trace of a log and list its sure frames, those without a `?`.
 *
 * @param log lines as dmesg prints them, time stamps included
 */
export function readCallTrace(log: string): PrintedFrame[] {
  const lines = log.split('\n').map((line) => line.replace(/^\[ *\d+\.\d+\] ?/, ''))
  const start = lines.lastIndexOf('Call Trace:')
  const frames: PrintedFrame[] = []
  for (const line of lines.slice(start + 1)) {
    if (start < 0 || /^RIP: |^---\[|<\/TASK>/.test(line)) break
    const match = /^ ([\w.]+)\+0x([0-9a-f]+)\/0x[0-9a-f]+(?: \[([\w-]+)\])?$/.exec(line)
    if (match)
      frames.push({
        name: match[1] ?? '',
        offset: Number.parseInt(match[2] ?? '', 16),
        module: match[3] ?? '',
      })
  }
  return frames
}
