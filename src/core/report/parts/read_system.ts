// The machine and its kernel. Source: what `sys` and `mod` of crash show.
import { formatHex } from '../../base/hex.ts'
import { loadAverages } from '../../kernel/loadavg.ts'
import { presentPages } from '../../kernel/mmzone.ts'
import { forEachModule, moduleRanges, type Module } from '../../kernel/module.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import { taintedMask, taintFlags, taintLetters, type TaintFlag } from '../../kernel/taint.ts'
import { coarseBoottimeNsec } from '../../kernel/timekeeping.ts'
import { utsname } from '../../kernel/uts.ts'
import type { Program } from '../../program/program.ts'
import type { ReportModule, ReportSystem } from '../model/system_model.ts'
import type { PartReader } from './part_reader.ts'

/** Read what the machine was. */
export function readSystem(program: Program, reader: PartReader): ReportSystem {
  const { info, dump } = program
  const name = reader.quiet('utsname', () => utsname(program)) ?? dump.utsname
  const pages = reader.quiet('memory', () => presentPages(program))
  return {
    release: name?.release ?? info.osrelease,
    kernelVersion: name?.version ?? null,
    nodename: name?.nodename ?? null,
    machine: name?.machine ?? '',
    cpus: reader.quiet('cpus', () => forEachCpu(program, 'online').length),
    memoryBytes: pages === null ? null : pages * info.pageSize,
    crashTime: info.crashTime || dump.timestamp || null,
    uptimeSeconds: reader.quiet('uptime', () => Number(coarseBoottimeNsec(program)) / 1e9),
    loadAverages: reader.quiet('load averages', () => loadAverages(program)),
    taints: reader.quiet('taints', () => taintLetters(taintFlags(program), taintedMask(program))),
    commandLine: reader.quiet('command line', () => program.object('saved_command_line').string()),
  }
}

/** Read the loaded modules, newest first. */
export function readModules(program: Program, reader: PartReader): ReportModule[] {
  const flags = taintFlags(program)
  const modules: ReportModule[] = []
  reader.quiet('modules', () => {
    for (const module of forEachModule(program)) modules.push(readModule(module, flags))
  })
  return modules
}

function readModule(module: Module, flags: readonly TaintFlag[]): ReportModule {
  const ranges = moduleRanges(module)
  return {
    name: module.string('name'),
    address: formatHex(module.address),
    sizeBytes: ranges.reduce((sum, { size }) => sum + size, 0),
    taints: module.has('taints') ? taintLetters(flags, module.bigint('taints')) : '',
    version: module.find('version')?.isNull() === false ? module.string('version') : '',
  }
}
