// Rows of BPF programs and maps, and what -p and -m say besides. Layout: crash's `bpf`.
import { formatHexBytes } from '../base/hex.ts'
import { readCell, type Cell, type Column } from '../base/table.ts'
import {
  BPF_INSN_SIZE,
  bpfMapFootprint,
  bpfMapUid,
  bpfProgLoadTime,
  bpfProgTag,
  bpfTypeName,
  forEachUsedMap,
  longestBpfTypeName,
  type BpfMap,
  type BpfProg,
} from '../kernel/bpf.ts'
import type { Program } from '../program/program.ts'
import { addressText, cellText, hexText } from './cell_text.ts'
import { centreTitle } from './centre_text.ts'
import { table, type Block, type TableBlock } from './command.ts'
import { formatDate } from './duration_text.ts'

/** Programs by row. `alone`: the row is followed by details, not by other rows. */
export function progTable(progs: Iterable<BpfProg>, alone = false): TableBlock {
  function* rows(): Generator<Cell[]> {
    for (const prog of progs)
      yield [
        prog.number('aux.id'),
        prog.address,
        prog.pointer('aux'),
        readCell(() => bpfTypeName(prog.get('type'))),
        readCell(() => formatHexBytes(bpfProgTag(prog))),
        readCell(() => Array.from(forEachUsedMap(prog), (map) => map.number('id')).join(',')),
        readCell(() => prog.string('aux.name')),
      ]
  }
  const columns: readonly Column[] = [
    { title: 'ID', kind: 'decimal' },
    { title: 'BPF_PROG', kind: 'address' },
    { title: 'BPF_PROG_AUX', kind: 'address' },
    { title: 'BPF_PROG_TYPE', key: 'type', kind: 'text' },
    { title: 'TAG', kind: 'text' },
    { title: 'USED_MAPS', kind: 'text' },
    { title: 'NAME', kind: 'text' },
  ]
  return table(columns, alone ? [...rows()] : rows(), {
    heading: ' ID      BPF_PROG       BPF_PROG_AUX   BPF_PROG_TYPE       TAG        USED_MAPS',
    line: ([id, address, aux, type, tag, maps]) =>
      `${centreTitle(cellText(id), 4)} ${addressText(address)} ${addressText(aux)} ${centreTitle(cellText(type), 13)} ` +
      `${centreTitle(cellText(tag), 16)} ${centreTitle(cellText(maps), 9)}`,
  })
}

/** What -p says of a program besides. */
export function* progDetails(prog: BpfProg): Generator<Block> {
  const { pageSize } = prog.program.info
  const columns: readonly Column[] = [
    { title: 'XLATED', key: 'xlated_bytes', kind: 'decimal' },
    { title: 'JITED', key: 'jited_bytes', kind: 'decimal' },
    { title: 'MEMLOCK', key: 'memlock_bytes', kind: 'decimal' },
    { title: 'LOAD_TIME', kind: 'decimal' },
    { title: 'GPL_COMPATIBLE', kind: 'text' },
    { title: 'NAME', kind: 'text' },
    { title: 'UID', kind: 'decimal' },
  ]
  const row: Cell[] = [
    prog.number('len') * BPF_INSN_SIZE,
    prog.number('jited_len'),
    prog.number('pages') * pageSize,
    readCell(() => bpfProgLoadTime(prog)),
    prog.bool('gpl_compatible'),
    readCell(() => prog.string('aux.name')),
    readCell(() => prog.number('aux.user.uid.val')),
  ]
  yield table(columns, [row], {
    heading: '',
    line: ([xlated, jited, memlock, loaded, gpl, name, uid]) =>
      `     XLATED: ${cellText(xlated)}  JITED: ${cellText(jited)}  MEMLOCK: ${cellText(memlock)}\n` +
      `     LOAD_TIME: ${typeof loaded === 'number' ? ctime(loaded) : cellText(loaded)}\n` +
      `     GPL_COMPATIBLE: ${gpl === true ? 'yes' : 'no'}  NAME: ${nameText(name)}  UID: ${cellText(uid)}`,
  })
}

/** As ctime(3) has it, in UTC: `Thu Nov 26 00:17:28 2026`. */
const ctime = (seconds: number): string => formatDate(seconds).replace(' UTC', '')

const nameText = (name: Cell | undefined): string =>
  name === '' ? '(unused)' : typeof name === 'string' ? `"${name}"` : cellText(name)

/** Maps by row. */
export function mapTable(program: Program, maps: Iterable<BpfMap>, alone = false): TableBlock {
  function* rows(): Generator<Cell[]> {
    for (const map of maps)
      yield [
        map.number('id'),
        map.address,
        readCell(() => bpfTypeName(map.get('map_type'))),
        map.number('map_flags'),
        readCell(() => map.string('name')),
      ]
  }
  const columns: readonly Column[] = [
    { title: 'ID', kind: 'decimal' },
    { title: 'BPF_MAP', kind: 'address' },
    { title: 'BPF_MAP_TYPE', key: 'type', kind: 'text' },
    { title: 'MAP_FLAGS', kind: 'hex' },
    { title: 'NAME', kind: 'text' },
  ]
  // One less than the longest name there is, in crash.
  const width = Math.max(12, longestBpfTypeName(program, 'bpf_map_type') - 1)
  return table(columns, alone ? [...rows()] : rows(), {
    heading: ` ID      BPF_MAP      ${centreTitle('BPF_MAP_TYPE', width)} MAP_FLAGS`,
    line: ([id, address, type, flags]) =>
      `${centreTitle(cellText(id), 4)} ${addressText(address)} ${centreTitle(cellText(type), width)}  ${hexText(flags).padStart(8, '0')} `,
  })
}

/** What -m says of a map besides. */
export function* mapDetails(map: BpfMap): Generator<Block> {
  const columns: readonly Column[] = [
    { title: 'KEY_SIZE', kind: 'decimal' },
    { title: 'VALUE_SIZE', kind: 'decimal' },
    { title: 'MAX_ENTRIES', kind: 'decimal' },
    { title: 'MEMLOCK', key: 'memlock_bytes', kind: 'decimal' },
    { title: 'NAME', kind: 'text' },
    { title: 'UID', kind: 'decimal' },
  ]
  const row: Cell[] = [
    map.number('key_size'),
    map.number('value_size'),
    map.number('max_entries'),
    readCell(() => bpfMapFootprint(map)),
    readCell(() => map.string('name')),
    readCell(() => bpfMapUid(map) ?? null),
  ]
  yield table(columns, [row], {
    heading: '',
    line: ([key, value, entries, memlock, name, uid]) =>
      `     KEY_SIZE: ${cellText(key)}  VALUE_SIZE: ${cellText(value)}  MAX_ENTRIES: ${cellText(entries)}  MEMLOCK: ${cellText(memlock)}\n` +
      `     NAME: ${nameText(name)}  UID: ${uid === null ? '(unused)' : cellText(uid)}`,
  })
}
