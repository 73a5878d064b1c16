// The recorder's two jobs on the old kernel's memory: its log as text, its pages as a dump.
import { openDump } from '../../core/dump/formats.ts'
import { openFileOutput } from '../platform/file_output.ts'
import { openVmcoreSource } from '../platform/mmap_source.ts'
import type { CaptureConfig } from './capture_config.ts'
import type { DumpStats } from './dump_stats.ts'
import { runDump, type DumpStage } from './engine.ts'
import { readDmesg } from './read_dmesg.ts'
import type { CaptureWork, DumpFacts, DumpProgress } from './supervisor.ts'

/** What the capture kernel does with /proc/vmcore. */
export const captureWork: CaptureWork = { readDmesg, dump }

async function dump(
  vmcore: string,
  file: string,
  config: CaptureConfig,
  onProgress: (progress: DumpProgress) => void,
): Promise<DumpFacts> {
  using source = openVmcoreSource(vmcore)
  using old = openDump(source)
  const output = openFileOutput(file, { overwrite: true })
  try {
    const stats = await runDump({
      dump: old,
      outputs: [output],
      level: config.dumpLevel,
      codec: config.codec === 'none' ? undefined : config.codec,
      pageOrder: config.pageOrder,
      onProgress: (stage, done, total, writtenBytes) => {
        onProgress({ fraction: fractionOf(stage, done, total), writtenBytes })
      },
    })
    output.sync()
    // A target that takes no more keeps what fits, marked incomplete: that is a failed dump that opens.
    if (output.problem) return { problem: output.problem.message, ...describeStats(stats) }
    return { problem: '', ...describeStats(stats) }
  } finally {
    output.close()
  }
}

/** Filtering takes about a tenth of the time. */
function fractionOf(stage: DumpStage, done: number, total: number): number {
  const part = total === 0 ? 1 : done / total
  return stage === 'filter' ? part * 0.1 : 0.1 + part * 0.9
}

/** The statistics as they go into kbox.json. */
function describeStats({
  problems,
  filterMs,
  copyMs,
  ...counts
}: DumpStats): Readonly<Record<string, unknown>> {
  return {
    ...counts,
    filterMs: Math.round(filterMs),
    copyMs: Math.round(copyMs),
    problems: problems.map((problem) => problem.message),
  }
}
