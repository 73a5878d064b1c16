// BPF programs and maps. Source: include/linux/bpf.h, include/linux/filter.h, kernel/bpf/syscall.c.
import { CorruptError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { idrFind, idrForEach } from './idr.ts'
import { forEachCpu } from './percpu.ts'
import { coarseBoottimeNsec, coarseRealtimeNsec } from './timekeeping.ts'

export type BpfProg = KObject<'bpf_prog'>
export type BpfMap = KObject<'bpf_map'>

/** sizeof(struct bpf_insn). @source include/uapi/linux/bpf.h */
export const BPF_INSN_SIZE = 8
/** BPF_COMPLEXITY_LIMIT_INSNS. @source kernel/bpf/verifier.c */
const INSN_LIMIT = 1_000_000
/** Code of a program that large, and some. */
const JIT_SIZE_LIMIT = 256 * 1024 * 1024
/** BPF_MAX_SUBPROGS is 256; more is damage. @source include/linux/bpf_verifier.h */
const SUBPROGRAM_LIMIT = 4096
/** MAX_USED_MAPS. @source include/linux/bpf_verifier.h */
const USED_MAPS_LIMIT = 1024

/** Walk the loaded programs by id; the parts of a program have none. @source kernel/bpf/syscall.c prog_idr */
export function* forEachBpfProg(program: Program): Generator<BpfProg> {
  for (const { entry } of idrForEach(program.object('prog_idr', 'struct idr')))
    yield program.objectAt('struct bpf_prog', entry)
}

/** A program by its id. @source kernel/bpf/syscall.c bpf_prog_by_id() */
export function findBpfProg(program: Program, id: number): BpfProg | undefined {
  const entry = idrFind(program.object('prog_idr', 'struct idr'), id)
  return entry === 0n ? undefined : program.objectAt('struct bpf_prog', entry)
}

/** Walk the maps by id. @source kernel/bpf/syscall.c map_idr */
export function* forEachBpfMap(program: Program): Generator<BpfMap> {
  for (const { entry } of idrForEach(program.object('map_idr', 'struct idr')))
    yield program.objectAt('struct bpf_map', entry)
}

/** A map by its id. */
export function findBpfMap(program: Program, id: number): BpfMap | undefined {
  const entry = idrFind(program.object('map_idr', 'struct idr'), id)
  return entry === 0n ? undefined : program.objectAt('struct bpf_map', entry)
}

/** Walk the maps a program uses. */
export function* forEachUsedMap(bpfProg: BpfProg): Generator<BpfMap> {
  const count = bpfProg.number('aux.used_map_cnt')
  if (count > USED_MAPS_LIMIT)
    throw new CorruptError(bpfProg.address, `BPF program of ${count} maps`)
  const maps = bpfProg.get('aux.used_maps')
  if (maps.isNull()) return
  for (let i = 0; i < count; i++) yield maps.at(i).deref().cast('struct bpf_map')
}

/** `SOCKET_FILTER`, `HASH`: the name of a program's or map's type without what all have in front. */
export function bpfTypeName(type: KObject): string {
  const name = type.enumName() ?? String(type.number())
  return name.replace(/^BPF_(PROG|MAP)_TYPE_/, '')
}

/** The tag of a program: a digest of its instructions. */
export function bpfProgTag(bpfProg: BpfProg): Uint8Array {
  return bpfProg.bytes('tag')
}

/** When a program was loaded, seconds since 1970 by the clock at the crash. */
export function bpfProgLoadTime(bpfProg: BpfProg): number {
  const { program } = bpfProg
  // Since v5.3 load_time counts suspended time; before, machines that suspend are off by it.
  const loaded = bpfProg.bigint('aux.load_time')
  const boot = coarseRealtimeNsec(program) - coarseBoottimeNsec(program)
  return Number((boot + loaded) / 1_000_000_000n)
}

/** The instructions of a program as the verifier left them. @throws {CorruptError} if there are more than any has */
export function bpfProgInstructions(bpfProg: BpfProg): Uint8Array {
  const count = bpfProg.number('len')
  if (count > INSN_LIMIT)
    throw new CorruptError(bpfProg.address, `BPF program of ${count} instructions`)
  return bpfProg.program.memory.bytes(bpfProg.get('insnsi').address, count * BPF_INSN_SIZE)
}

/** Machine code of a program. */
export interface JitCode {
  readonly start: bigint
  /** Bytes. */
  readonly size: number
}

/**
 * Where the machine code of a program lies, that of its subprograms behind its own.
 *
 * @returns none for a program that is interpreted
 */
export function bpfProgJitCode(bpfProg: BpfProg): JitCode[] {
  if (!bpfProg.bool('jited')) return []
  const parts = [jitCode(bpfProg)]
  const count = bpfProg.number('aux.func_cnt')
  if (count > SUBPROGRAM_LIMIT)
    throw new CorruptError(bpfProg.address, `BPF program of ${count} functions`)
  const functions = bpfProg.get('aux.func')
  if (functions.isNull()) return parts
  for (let i = 0; i < count; i++) {
    const part = jitCode(functions.at(i).deref())
    // The first of them is the program itself again.
    if (part.start !== parts[0]?.start) parts.push(part)
  }
  return parts
}

function jitCode(bpfProg: KObject): JitCode {
  const size = bpfProg.number('jited_len')
  if (size > JIT_SIZE_LIMIT)
    throw new CorruptError(bpfProg.address, `BPF machine code of ${size} bytes`)
  return { start: bpfProg.pointer('bpf_func'), size }
}

/** Map types whose values are descriptors. @source include/linux/bpf.h IS_FD_MAP() */
const FD_MAPS = new Set([
  'PROG_ARRAY',
  'PERF_EVENT_ARRAY',
  'CGROUP_ARRAY',
  'ARRAY_OF_MAPS',
  'HASH_OF_MAPS',
])

/**
 * Bytes a map takes, as kernels from v5.11 to v6.3 estimate them: full, and without overhead.
 *
 * @source kernel/bpf/syscall.c bpf_map_memory_footprint()
 */
export function bpfMapFootprint(map: BpfMap): number {
  const { program } = map
  // Before v5.11, commit 80ee81e0403c ("bpf: Eliminate rlimit-based memory accounting infra for bpf maps"), it was counted.
  const pages = map.find('memory.pages') ?? map.find('pages')
  const { pageSize } = program.info
  if (pages) return pages.number() * pageSize
  const size = roundUp(map.number('key_size') + valueSize(map), 8)
  return roundUp(map.number('max_entries') * size, pageSize)
}

function valueSize(map: BpfMap): number {
  const type = bpfTypeName(map.get('map_type'))
  const size = map.number('value_size')
  if (/^(LRU_)?PERCPU_(HASH|ARRAY)$|^PERCPU_CGROUP_STORAGE/.test(type))
    return roundUp(size, 8) * forEachCpu(map.program, 'possible').length
  return FD_MAPS.has(type) ? 4 : size
}

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to

/** Who loaded a map; undefined since v5.11, whose maps are charged to a control group. */
export function bpfMapUid(map: BpfMap): number | undefined {
  return (map.find('memory.user') ?? map.find('user'))?.deref().number('uid.val')
}

/** Longest name of a type, for columns; without the front that all share. */
export function longestBpfTypeName(program: Program, enumName: string): number {
  const type = stripType(program.type(`enum ${enumName}`))
  if (type.kind !== 'enum') return 0
  const lengths = type.values
    .filter(({ name }) => name.startsWith('BPF_'))
    .map(({ name }) => name.replace(/^BPF_(PROG|MAP)_TYPE_/, '').length)
  return Math.max(0, ...lengths)
}
