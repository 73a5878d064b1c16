// bpf: the guest loaded one socket filter and two maps. crash's LOAD_TIME is 40 minutes before what the guests said of
// themselves, on every dump; drgn and kbox go by the kernel's clocks.
import assert from 'node:assert/strict'
import { forEachBpfMap, forEachBpfProg } from '../../../src/core/kernel/bpf.ts'
import type { Program } from '../../../src/core/program/program.ts'
import { defineClaims, drgnClaim, recipeClaim, replacing, sameAsCrash } from './claim.ts'
import { gdbLines } from './gdb_text.ts'

const noTime = replacing(/LOAD_TIME: .*/, 'LOAD_TIME')
const structText = (lines: readonly string[]): string[] => gdbLines(noTime(lines))

const PROGRAMS = `
result = []
now = ktime_get_coarse_boottime_ns(prog).value_()
real = ktime_get_coarse_real_ns(prog).value_()
for p in bpf_prog_for_each(prog):
    result.append({
        "id": p.aux.id.value_(), "prog": hex(p.value_()), "aux": hex(p.aux.value_()),
        "tag": bytes(p.tag.value_()).hex(), "name": p.aux.name.string_().decode(),
        "maps": ",".join(str(m.id.value_()) for m in bpf_prog_used_maps(p)),
        "loaded": (real - now + p.aux.load_time.value_()) // 1000000000,
        "xlated": p.len.value_() * 8, "jited": p.jited_len.value_(),
        "uid": p.aux.user.uid.val.value_(),
        "insns": prog.read(p.insnsi.address_of_().value_(), p.len.value_() * 8).hex(),
    })`

const MAPS = `
result = [
    {"id": m.id.value_(), "map": hex(m.value_()), "name": m.name.string_().decode(),
     "key": m.key_size.value_(), "value": m.value_size.value_(), "entries": m.max_entries.value_()}
    for m in bpf_map_for_each(prog)
]`

/** The kernel may have loaded programs of its own before: 1 stands for the guest's. */
const own =
  (line: string) =>
  (program: Program): string => {
    const [prog] = [...forEachBpfProg(program)].filter(
      (each) => each.enumName('type') === 'BPF_PROG_TYPE_SOCKET_FILTER',
    )
    const [map] = [...forEachBpfMap(program)].filter(
      (each) => each.string('name') === 'kbox_counters',
    )
    return line
      .replace('-p 1', `-p ${prog?.number('aux.id')}`)
      .replace('-m 1', `-m ${map?.number('id')}`)
  }

export const bpf = defineClaims([
  sameAsCrash('bpf'),
  ...['bpf -p 1', 'bpf -P', 'bpf -p 1 -t', 'bpf -p 1 -T', 'bpf -P -t', 'bpf -p 1 -m 1'].map(
    (line) => sameAsCrash(own(line), { ours: noTime, theirs: noTime }, { shows: line }),
  ),
  ...['bpf -m 1', 'bpf -M'].map((line) => sameAsCrash(own(line), {}, { shows: line })),
  ...['bpf -p 1 -s -x', 'bpf -m 1 -s', 'bpf -M -s'].map((line) =>
    sameAsCrash(own(line), { ours: structText, theirs: structText }, { shows: line }),
  ),
  recipeClaim(
    'bpf -M -s -d',
    'crash 9.0.2 shows hexadecimal for -d: it must be what the default radix shows',
    ({ lines }) => assert.ok(lines.includes('  key_size = 4,')),
  ),
  drgnClaim('bpf -P', PROGRAMS, ({ rows }, theirs) => {
    assert.ok(theirs.length > 0)
    const programs = rows.filter((row) => 'tag' in row)
    const details = rows.filter((row) => 'xlated_bytes' in row)
    assert.deepEqual(
      programs.map((row, i) => ({
        id: row.id,
        prog: row.bpf_prog,
        aux: row.bpf_prog_aux,
        tag: row.tag,
        name: row.name,
        maps: row.used_maps,
        loaded: details[i]?.load_time,
        xlated: details[i]?.xlated_bytes,
        jited: details[i]?.jited_bytes,
        uid: details[i]?.uid,
        insns: undefined,
      })),
      theirs.map((each: Record<string, unknown>) => ({ ...each, insns: undefined })),
    )
  }),
  drgnClaim('bpf -p 1 -T', PROGRAMS, ({ rows }, theirs) => {
    const bytes = rows.flatMap((row) => ('bytes' in row ? [row.bytes.replaceAll(' ', '')] : []))
    assert.equal(bytes.join(''), theirs[0].insns)
  }),
  ...['bpf -p 1 -j', 'bpf -P -j'].map((line) =>
    sameAsCrash(own(line), { ours: noTime, theirs: noTime }, { shows: line }),
  ),
  drgnClaim('bpf -p 1 -j', PROGRAMS, ({ rows }, theirs) => {
    const lengths = rows.flatMap((row) => ('mnemonic' in row ? [row.length] : []))
    assert.equal(
      lengths.reduce((sum, length) => sum + length, 0),
      theirs[0].jited,
    )
  }),
  drgnClaim('bpf -M', MAPS, ({ rows }, theirs) => {
    assert.ok(theirs.length > 0)
    const maps = rows.filter((row) => 'bpf_map' in row)
    const details = rows.filter((row) => 'key_size' in row)
    assert.deepEqual(
      maps.map((row, i) => ({
        id: row.id,
        map: row.bpf_map,
        name: row.name,
        key: details[i]?.key_size,
        value: details[i]?.value_size,
        entries: details[i]?.max_entries,
      })),
      theirs,
    )
  }),
])
