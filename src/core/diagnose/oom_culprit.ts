// Whose fault it is that memory ran out: who has it, and where the kernel itself took it, which code did.
import { attempt } from '../base/errors.ts'
import { formatSize } from '../base/size.ts'
import { findSlabHolder, type SlabHolder } from '../kernel/slab_holder.ts'
import { isKthread } from '../kernel/sched.ts'
import { variableWriters, type VariableWriter } from '../program/variable_writers.ts'
import { blamedFrame, isDispatcher, isHelper, moduleTaints, unitCulprit } from './blame.ts'
import { memoryEaters, type MemoryEater } from './memory_eaters.ts'
import type { MemoryState } from './machine_state.ts'
import type { OomReport } from './oom_report.ts'
import { bareName, isPanicMachinery } from './panic_machinery.ts'
import type { Culprit, Evidence } from './rule.ts'
import type { Scene } from './scene.ts'
import { printedSymbol, type PrintedSymbol } from './trouble.ts'

/** What is known of who is to blame. */
export interface OomBlame {
  /** Who has the most; undefined if nobody has much. */
  readonly eater: MemoryEater | undefined
  readonly culprit: Culprit | null
  /** Where the kernel itself took it: how it was found out. */
  readonly evidence: readonly Evidence[]
  /** Two independent signs agree, or it is a plain process with more than half of memory. */
  readonly isSure: boolean
}

/** Who has less than this part of memory did not use it up. */
const EATER_SHARE = 0.25
const SURE_SHARE = 0.5

/** Find who used memory up. */
export function blameForOom(scene: Scene, reports: readonly OomReport[]): OomBlame {
  const last = reports.at(-1)
  if (last?.constraint === 'memcg') return blameWithin(scene, last)
  const { memory } = scene
  const eater = memory && memoryEaters(scene, memory)[0]
  if (!memory || !eater || eater.bytes < memory.totalBytes * EATER_SHARE)
    return { eater: undefined, culprit: null, evidence: [], isSure: true }
  if (eater.kind !== 'kernel') {
    const isSure = eater.kind === 'process' && eater.bytes > memory.totalBytes * SURE_SHARE
    return { eater, culprit: unitCulprit(eater.name), evidence: [], isSure }
  }
  return blameKernel(scene, reports, memory, eater)
}

/** Only who is in a control group can have used up what it may have: those that the report lists. */
function blameWithin({ program }: Scene, { largest }: OomReport): OomBlame {
  if (!largest) return { eater: undefined, culprit: null, evidence: [], isSure: true }
  const { pid, comm, rssPages } = largest
  const eater: MemoryEater = {
    ...{ kind: 'process', name: `PID ${pid} "${comm}"`, command: `ps ${pid}` },
    bytes: rssPages * program.memory.pageSize,
  }
  return { eater, culprit: unitCulprit(eater.name), evidence: [], isSure: false }
}

/** Code, by function and module. */
interface Code {
  readonly name: string
  readonly module: string
}

/**
 * Of the signs, who has the memory counts for more than who wanted the next page: a leak makes others ask in vain. Where
 * both are of one module they agree.
 */
function blameKernel(
  scene: Scene,
  reports: readonly OomReport[],
  memory: MemoryState,
  eater: MemoryEater,
): OomBlame {
  const holder = holderOf(scene, eater)
  const putter = holder && putterOf(scene, holder)
  const isOfHolder = ({ module }: Code): boolean => !holder || holder.module === module
  const asker = askingFrame(scene)
  const printed = eater.taker === undefined ? askingSymbol(reports) : printedSymbol(eater.taker)
  const code = putter?.symbol ?? [asker, printed].find((one) => one && isOfHolder(one))
  const module = code?.module ?? holder?.module
  const evidence = [
    ...(holder ? [holderEvidence(holder, eater)] : []),
    ...(putter ? [putterEvidence(putter)] : []),
    ...(asker ? [askerEvidence(asker)] : printed ? [printedEvidence(printed, eater)] : []),
  ]
  if (module === undefined)
    return { eater, culprit: unitCulprit(eater.name), evidence, isSure: false }
  const culprit: Culprit = {
    ...{ function: code?.name ?? null, module, source: '', unit: eater.name },
    taints: moduleTaints(scene.program, module),
  }
  const isMost = eater.bytes > memory.totalBytes * SURE_SHARE
  return {
    eater,
    culprit,
    evidence,
    isSure: isMost && holder !== undefined && asker !== undefined && isOfHolder(asker),
  }
}

/** The function that puts objects behind the variable: the one that writes to it and allocates. */
function putterOf({ program }: Scene, { module, address }: SlabHolder): VariableWriter | undefined {
  if (module === '') return undefined
  const writers = attempt(() => variableWriters(program, module, address)) ?? []
  const allocating = writers.filter(({ calls }) => calls.some((name) => ALLOCATOR.test(name)))
  const candidates = allocating.length > 0 ? allocating : writers
  return candidates.length === 1 ? candidates[0] : undefined
}

const ALLOCATOR = /alloc|kmemdup|strdup|get_free_page/

function putterEvidence({ symbol: { name, module, address }, calls }: VariableWriter): Evidence {
  const allocator = calls.find((call) => ALLOCATOR.test(call))
  return {
    text: `${name}() [${module}] is the only function that writes to it${allocator === undefined ? '' : ` and allocates: it calls ${allocator}()`}`,
    address,
    command: `dis ${name}`,
  }
}

function holderOf({ program }: Scene, { cache }: MemoryEater): SlabHolder | undefined {
  if (!cache) return undefined
  return attempt(() =>
    findSlabHolder(program, program.objectAt('struct kmem_cache', BigInt(cache.address))),
  )
}

function holderEvidence(holder: SlabHolder, { cache }: MemoryEater): Evidence {
  const { module, symbol, address } = holder
  const where = `${symbol === '' ? 'a variable' : symbol}${module === '' ? '' : ` [${module}]`}`
  const count = `${holder.isCutOff ? 'more than ' : ''}${holder.objects}`
  return {
    text: `${where} leads through ${count} objects of ${cache?.name ?? 'it'}, one to the next`,
    address,
    command: `rd -s ${address.toString(16)}`,
  }
}

/** The code that asked for the page that was not to be had, if it is the kernel's own want. */
function askingFrame(scene: Scene): (Code & { readonly ip: bigint }) | undefined {
  const { frames } = scene.panicTrace
  const at = frames.findIndex(({ name }) => bareName(name ?? '') === 'out_of_memory')
  const frame = at < 0 ? undefined : blamedFrame(frames.slice(at + 1))
  const { panicTask } = scene
  const isThread = panicTask && attempt(() => isKthread(panicTask)) === true
  if (!frame || frame.name === null || (frame.module === '' && !isThread)) return undefined
  return { name: frame.name, module: frame.module, ip: frame.ip }
}

function askerEvidence({ name, module, ip }: Code & { readonly ip: bigint }): Evidence {
  return {
    text: `${name}()${module === '' ? '' : ` [${module}]`} asked for the page that was not to be had`,
    address: ip,
    command: 'bt',
  }
}

function printedEvidence(
  { name, module }: PrintedSymbol,
  { taker, command }: MemoryEater,
): Evidence {
  const code = `${name}()${module === '' ? '' : ` [${module}]`}`
  return taker === undefined
    ? { text: `${code} asked for memory when there was none, the log says`, command: 'log' }
    : { text: `${code} took the most of it`, command }
}

/** The function of a module that asked most often when memory ran out. */
function askingSymbol(reports: readonly OomReport[]): PrintedSymbol | undefined {
  const counts = new Map<string, { symbol: PrintedSymbol; count: number }>()
  for (const { trace } of reports) {
    const symbol = trace.find((candidate) => isOwnCode(candidate))
    if (!symbol) continue
    const key = `${symbol.module}:${symbol.name}`
    counts.set(key, { symbol, count: (counts.get(key)?.count ?? 0) + 1 })
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)[0]?.symbol
}

const isOwnCode = ({ name, isReliable, module }: PrintedSymbol): boolean =>
  isReliable && module !== '' && !isHelper(name) && !isDispatcher(name) && !isPanicMachinery(name)

/** `208.4 MiB of 272.6 MiB (76 %)`. */
export function partOf(bytes: number, totalBytes: number): string {
  const percent = totalBytes === 0 ? 0 : Math.round((bytes / totalBytes) * 100)
  return `${formatSize(bytes)} of ${formatSize(totalBytes)} (${percent} %)`
}
