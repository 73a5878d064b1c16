// crashkernel= of a command line explained: what a kernel would reserve, by which rule, and what to write instead.
import { bytesFor, type DefaultCrashkernel, defaultCrashkernel } from './default_value.ts'
import { DEFAULT_TABLES } from './default_tables.ts'
import { type KernelKind, kernelKind } from './kernel_kind.ts'
import type { CrashkernelFacts } from './machine_facts.ts'
import { assumeMemoryMap, type MemoryMap, ramSize, type Region } from './memory_map.ts'
import type { Verdict } from './parse_crashkernel.ts'
import { formatSize } from './memparse.ts'
import { reservedBytes, simulateCrashkernel, type Simulation } from './simulate.ts'

/** One command line explained; `kbox crashkernel explain --json` prints it as it is. */
export interface Explanation {
  /** What was explained, with `auto` as it was written. */
  readonly cmdline: string
  /** What `auto` stands for on this kernel; '' where it was not written or is not known. */
  readonly auto: string
  readonly verdicts: readonly Verdict[]
  /** Bytes, the low part included; 0 when nothing is reserved. */
  readonly reservedBytes: number
  readonly main: Region | null
  readonly low: Region | null
  readonly cmaBytes: number
  /** Which rule gave nothing; '' when something is reserved. */
  readonly failure: string
  /** The kernel's words. */
  readonly messages: readonly string[]
  /** What to write instead, or what to know. */
  readonly advice: readonly string[]
}

/** For which kernel, and on how much memory. */
export interface ExplainedMachine {
  readonly kind: KernelKind
  readonly map: MemoryMap
  /** What this machine's distribution would reserve. */
  readonly usual: DefaultCrashkernel
}

/** The machine to explain for: these facts, or so much memory instead of its own. */
export function explainedMachine(facts: CrashkernelFacts, ramBytes?: number): ExplainedMachine {
  const kind = kernelKind(facts.arch, facts.release)
  const isOwn = ramBytes === undefined && facts.map !== undefined
  const map = isOwn ? facts.map : assumeMemoryMap(ramBytes ?? facts.ramBytes, kind.arch)
  const machine = { ...facts, ramBytes: ramSize(map) }
  const known = DEFAULT_TABLES.find(({ distro }) => distro === facts.distro)
  const distro = known && facts.arch in known.rules ? facts.distro : 'kbox'
  return { kind, map, usual: defaultCrashkernel(distro, machine) }
}

/** Explain a command line. */
export function explainCrashkernel(
  cmdline: string,
  { kind, map, usual }: ExplainedMachine,
): Explanation {
  const auto = resolveAuto(cmdline, kind, ramSize(map))
  const simulated = simulateCrashkernel(
    auto === '' ? cmdline : cmdline.replaceAll(AUTO, `crashkernel=${auto}`),
    map,
    kind,
  )
  const { verdicts, reservation, failure, messages } = simulated
  return {
    cmdline,
    auto,
    verdicts,
    reservedBytes: reservedBytes(simulated),
    main: reservation?.main ?? null,
    low: reservation?.low ?? null,
    cmaBytes: reservation?.cmaBytes ?? 0,
    failure,
    messages,
    advice: [...advise(cmdline, simulated, { kind, map, usual }, auto)],
  }
}

const AUTO = /crashkernel=auto(?= |$)/g

/** Only the kernels of RHEL 6 to 8 know the word. */
function resolveAuto(cmdline: string, { arch, autoOfRhel }: KernelKind, ramBytes: number): string {
  if (autoOfRhel === 0 || !cmdline.match(AUTO)) return ''
  const machine = {
    ...{ arch: arch.name, ramBytes, has64kPages: false },
    ...{ isMemoryEncrypted: false, hasMlx5: false, hasSmmu: false },
  }
  const table = DEFAULT_TABLES.find(({ distro }) => distro === `rhel${autoOfRhel}`)
  return table && arch.name in table.rules ? defaultCrashkernel(table.distro, machine).value : ''
}

function* advise(
  cmdline: string,
  { request, failure }: Simulation,
  { kind, map, usual }: ExplainedMachine,
  auto: string,
): Generator<string> {
  if (cmdline.match(AUTO) && auto === '') {
    yield usual.bytes > 0
      ? `only the kernels of RHEL 6 to 8 know auto; write crashkernel=${usual.value} (the default of ${usual.distro})`
      : 'only the kernels of RHEL 6 to 8 know auto; write a size, such as crashkernel=192M'
  }
  if (/crashkernel=[^ ]*,cma(?: |$)/.test(cmdline) && !kind.hasCma)
    yield 'this kernel does not know ,cma (Linux 6.17 and later do) and takes it for a mistake: remove it'
  if (/[^ ]crashkernel=/.test(cmdline))
    yield 'the kernel finds crashkernel= in the middle of other words and in quotes too'
  if (failure === '' || !request) return
  const size = formatSize(request.sizeBytes)
  if (kind.arch.hasHigh && !request.isHigh) {
    const high = simulateCrashkernel(`crashkernel=${size},high`, map, kind)
    if (high.failure === '')
      yield `crashkernel=${size},high would work: ${formatSize(BigInt(reservedBytes(high)))} in all`
  }
  if (request.isHigh && request.lowBytes > 0n) {
    const small = simulateCrashkernel(`crashkernel=${size},high crashkernel=72M,low`, map, kind)
    if (small.failure === '') yield `crashkernel=${size},high crashkernel=72M,low would work`
  }
  if (usual.bytes > 0 && bytesFor(usual.value, ramSize(map), kind.arch.name) < request.sizeBytes)
    yield `${usual.distro} reserves ${formatSize(BigInt(usual.bytes))} here (crashkernel=${usual.value})`
}
