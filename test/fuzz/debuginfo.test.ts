// Damaged VMCOREINFO, BTF, kallsyms and ORC tables. Whatever can be opened is walked.
import { KdumpError } from '../../src/core/base/errors.ts'
import { Btf } from '../../src/core/debuginfo/btf.ts'
import { readKallsyms } from '../../src/core/debuginfo/kallsyms.ts'
import { OrcTable } from '../../src/core/debuginfo/orc.ts'
import { sizeofType, stripType, type Type } from '../../src/core/debuginfo/type.ts'
import { VmcoreInfo } from '../../src/core/debuginfo/vmcoreinfo.ts'
import { findMemberPlan } from '../../src/core/program/member_path.ts'
import { parseType } from '../../src/core/program/parse_type.ts'
import { btfOfC } from '../support/c_declarations.ts'
import { fuzz } from '../support/fuzz.ts'
import { mkkallsyms, type KallsymsEncoding } from '../support/mkkallsyms.ts'
import { mkorc } from '../support/mkorc.ts'
import { mkprintk } from '../support/mkprintk.ts'
import { mutate, mutateText, type Random } from '../support/mutate.ts'
import { SparseMemory } from '../support/sparse_memory.ts'

const INFO = `OSRELEASE=6.12.1\nPAGESIZE=4096\nNUMBER(phys_base)=-20971520\nNUMBER(sme_mask)=0x800000000000\nKERNELOFFSET=1c000000\nCRASHTIME=1700000000\n${mkprintk({ lines: [{ text: 'x' }] }).vmcoreinfo}`

fuzz('VMCOREINFO', {}, (random) => {
  const bytes = new TextEncoder().encode(random.below(2) === 0 ? mutateText(INFO, random) : INFO)
  const info = VmcoreInfo.parse(random.below(2) === 0 ? mutate(bytes, random) : bytes)
  void [info.kaslrOffset, info.pageSize, info.crashTime, info.osrelease]
  for (const key of info.entries.keys()) {
    const name = /\((.*)\)/.exec(key)?.[1] ?? key
    void [
      info.number(name),
      info.symbol(name),
      info.offset(name),
      info.size(name),
      info.length(name),
      info.bigint(name),
    ]
  }
  info.getSymbol('prb')
})

const C = `
  typedef unsigned int u32; typedef u32 uid_t;
  struct list_head { struct list_head *next, *prev; };
  enum state { LOST = -2, IDLE, BUSY }; enum wide : 8 { LARGE = 0xfedcba9876543210 };
  struct opaque; union word { long all; char bytes[8]; };
  struct task { unsigned int __state; const u32 flags; char comm[16]; struct list_head tasks; unsigned on_rq : 1; int prio : 5;
    union { int pid; struct { short low; short high; }; }; struct opaque __rcu *opaque; int (*handler)(int nr, ...);
    long matrix[2][3]; enum state state; struct { struct { struct { int deep; }; }; }; int tail[]; };
  int printk(const char *fmt, ...); percpu struct task runqueues;`
const kernelTypes = btfOfC(C)
const BTF = kernelTypes.bytes
const MODULE_BTF = btfOfC('struct task_ext { struct task task; u32 extra; };', {
  base: kernelTypes,
}).bytes
const TYPES_END = 24 + new DataView(BTF.buffer).getUint32(12, true)

/** Visit a type and what it is made of. */
function walkType(type: Type, depth: number): void {
  void [sizeofType(type), stripType(type).kind]
  if (depth === 0) return
  switch (type.kind) {
    case 'struct':
    case 'union':
      for (const member of type.members.slice(0, 20)) walkType(member.type, depth - 1)
      for (const name of [...type.memberIndex.keys()].slice(0, 20)) void findMemberPlan(type, name)
      return
    case 'pointer':
    case 'typedef':
    case 'const':
      walkType(type.target, depth - 1)
      return
    case 'array':
      walkType(type.element, depth - 1)
      return
    case 'function':
      walkType(type.returns, depth - 1)
      for (const { type: parameter } of type.parameters.slice(0, 20)) walkType(parameter, depth - 1)
      break
    default:
  }
}

function walkBtf(btf: Btf): void {
  for (let id = 0; id < Math.min(btf.idEnd + 2, 200); id++) walkType(btf.typeById(id), 4)
  for (const space of ['struct', 'union', 'enum', 'typedef', 'base'] as const) {
    let count = 0
    for (const type of btf.forEachNamed(space)) {
      walkType(type, 1)
      if (++count > 200) break
    }
    btf.findType(space, 'task')
  }
  void [btf.findFunction('printk')?.parameters, btf.findVariable('runqueues')]
  const task = btf.findType('struct', 'task')
  if (task)
    for (const path of ['tasks.next.prev', 'pid', 'matrix[1][2]', 'opaque.x', 'deep'])
      findMemberPlan(task, path)
}

fuzz('BTF', {}, (random) =>
  walkBtf(
    new Btf(
      'BTF',
      mutate(BTF, random, [
        [0, 24],
        [24, TYPES_END],
      ]),
    ),
  ),
)

fuzz('BTF of a module, over whole and damaged BTF of the kernel', {}, (random) => {
  const base = new Btf(
    'vmlinux',
    random.below(4) !== 0 ? BTF : mutate(BTF, random, [[24, TYPES_END]]),
  )
  const module = new Btf('module', mutate(MODULE_BTF, random), base)
  walkBtf(module)
  parseType('struct task_ext', [base, module], 8)
})

const AT = 0xffff_ffff_8200_0000n
const SYMBOLS = `
  ffffffff81000000 T _stext
  ffffffff81000100 t do_task
  ffffffff81000200 T __sched_init_task
  ffffffff81000280 t ${'x'.repeat(300)}
  ffffffff82800000 D init_task`
const ENCODINGS: readonly KallsymsEncoding[] = ['absolute', 'percpu', 'relative', 'place']
const KALLSYMS = ENCODINGS.map((encoding) => mkkallsyms({ symbols: SYMBOLS, at: AT, encoding }))

fuzz('kallsyms', {}, (random) => {
  const { bytes, vmcoreinfo, offsets } = random.pick(KALLSYMS)
  const names = offsets.get('kallsyms_names') ?? 0
  const memory = new SparseMemory([
    [AT, mutate(bytes, random, [[0, names + 40]])],
    [AT + BigInt(bytes.length), new Uint8Array(4096)],
  ])
  const text = `SYMBOL(_stext)=ffffffff81000000\n${vmcoreinfo}`
  const index = readKallsyms(
    memory,
    new VmcoreInfo(random.below(4) === 0 ? mutateText(text, random) : text),
  )
  for (const symbol of index.forEach()) void symbol.name
  for (const name of ['_stext', 'init_task', '', 'x']) void index.findAll(name)
  for (const address of [0n, AT, 0xffff_ffff_8100_0150n, 2n ** 64n - 1n])
    void index.findAddress(address)
})

const ORC_AT = 0xffff_ffff_8300_0000n
const ORC_TEXT = Array.from(
  { length: 30 },
  (_, i) => `${(0xffff_ffff_8100_0000n + BigInt(i * 16)).toString(16)} sp+${8 * i} prev_sp-16 call`,
).join('\n')
const ORC = ([1, 2, 3, 4] as const).map((version) => ({
  version,
  ...mkorc(ORC_TEXT, version, ORC_AT),
}))

fuzz('ORC tables', {}, (random) => {
  const { version, ips, entries, count } = random.pick(ORC)
  const memory = new SparseMemory([
    [ORC_AT, mutate(ips, random)],
    [ORC_AT + 0x1000n, mutate(entries, random)],
  ])
  const table = new OrcTable(memory, ORC_AT, ORC_AT + 0x1000n, oddCount(count, random), version)
  for (let i = 0; i < 20; i++) {
    try {
      table.find(0xffff_ffff_8100_0000n + BigInt(random.below(600)) - 16n)
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
    }
  }
})

const oddCount = (count: number, random: Random): number =>
  random.below(4) === 0 ? random.pick([0, 1, 2.5, 1e6, 1e15]) : count
