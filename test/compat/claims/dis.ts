// dis: instruction by instruction, over functions all over the kernel and odd ones.
import assert from 'node:assert/strict'
import { panicTask } from '../../../src/core/kernel/panic.ts'
import { stackTrace } from '../../../src/core/kernel/stack.ts'
import { forEachInstruction } from '../../../src/core/program/disassemble.ts'
import type { Program } from '../../../src/core/program/program.ts'
import {
  crashClaim,
  defineClaims,
  recipeClaim,
  sameAsCrash,
  type Claim,
  type Evidence,
} from './claim.ts'

/** Functions of assembly, of vectors, of calls patched away, of locks and traps. */
const ODD = [
  ...['clear_page_erms', 'memcpy_orig', 'copy_user_generic_unrolled', 'native_safe_halt'],
  ...['do_syscall_64', 'entry_SYSCALL_64', 'asm_exc_page_fault', 'error_entry', 'panic', 'do_exit'],
  ...[
    'xor_sse_2',
    'raid6_avx21_gen_syndrome',
    'crc32c_intel_le_hw',
    'sha1_transform_avx2',
    'aesni_enc',
  ],
  ...['native_queued_spin_lock_slowpath', 'mutex_lock', 'up_read', 'refcount_warn_saturate'],
  ...[
    '__x86_indirect_thunk_array',
    'srso_alias_untrain_ret',
    'load_direct_gdt',
    'native_write_msr',
  ],
  ...[
    'xsave_opmask',
    'fpu_clone',
    'kernel_fpu_begin_mask',
    'native_cpuid',
    'io_serial_in',
    'native_wbinvd',
  ],
]

/** How many functions beside those, at even distances through the text. */
const SAMPLE = 40
const SIZE_MAX = 3000

const samples = new WeakMap<Program, readonly string[]>()

function sampleName(program: Program, index: number): string {
  let names = samples.get(program)
  if (!names) {
    names = comparableFunctions(program)
    samples.set(program, names)
  }
  return names[Math.floor((names.length * index) / SAMPLE)] ?? 'schedule'
}

function comparableFunctions(program: Program): string[] {
  const end = program.symbol('_etext')
  const names: string[] = []
  for (const { name, address, size, type } of program.kernelSymbols?.forEach() ?? []) {
    const isFunction = /^[tT]$/.test(type) && size > 0 && size < SIZE_MAX && address < end
    // What marks the end of a section is disassembled by crash up to the end of the text.
    if (isFunction && !/_(?:start|end)$|^_/.test(name) && isComparable(program, name))
      names.push(name)
  }
  return names
}

/** crash finds no clones the compiler made by their names, and refuses static functions that share one. */
function isComparable(program: Program, name: string): boolean {
  const shared = [name, ...['part', 'isra', 'constprop'].map((clone) => `${name}.${clone}.0`)]
  const count = shared.flatMap((each) => program.kernelSymbols?.findAll(each) ?? []).length
  return count === 1 && !name.includes('.') && !name.startsWith('__pfx_')
}

/** Traps are explained by us only, and gdb does not know the names of the percpu area. */
const edited = (line: string): string =>
  line.replace(/ {8}# (?:BUG|WARN) at .*$/, '').replace(/(# 0x[0-9a-f]{1,6}) <.*>$/, '$1')

/** `0xaddr <name+4>:`, the instruction, and what is named in it: a target or `# 0xaddr <name>`. */
const LINE = /^(0x[0-9a-f]+) <[^>]+>:\t(.*?)(?: <([\w.$]+)[^>]*>)?$/

/** A line without names: an address stands beside each. */
function plain(line: string): string {
  const [, address, code] = LINE.exec(line) ?? []
  return address === undefined ? line : `${address} ${code}`
}

const addressOf = (line: string): bigint => BigInt(LINE.exec(line)?.[1] ?? 0)

/** kallsyms has no sizes: what fills the space behind a function is part of it, in crash sometimes as well. */
function withoutPadding(lines: readonly string[]): string[] {
  const padding = /\t(?:int3|xchg +%ax,%ax|(?:data16 |cs )*nop.*)$/
  return lines.slice(0, lines.findLastIndex((line) => !padding.test(line)) + 1)
}

/**
 * The same instructions; and the same names but where two share an address, or the compiler made a clone (`foo.part.0`,
 * in crash `foo`). ELF says that entry_SYSCALL_64 goes on behind the symbols within it: we end before the first.
 */
function same({ lines }: Evidence, theirs: readonly string[]): void {
  assert.ok(theirs.length > 0, 'crash prints nothing')
  const ours = withoutPadding(lines.map(edited))
  const end = addressOf(ours.at(-1) ?? '')
  const known = withoutPadding(theirs.map(edited).filter((line) => addressOf(line) <= end))
  assert.deepEqual(ours.map(plain), known.map(plain))
  const wrong = known.filter((line, i) => {
    const [name, own] = [line, ours[i] ?? ''].map((each) => LINE.exec(each)?.[3]?.split('.')[0])
    return name !== own
  })
  assert.ok(wrong.length <= 2 + ours.length / 50, `other names: ${wrong.join(', ')}`)
}

const edit = (lines: readonly string[]): string[] => lines.map(edited)

const compared = (line: Claim['line'], shows?: string): Claim =>
  crashClaim(line, same, shows === undefined ? {} : { shows })

export const dis = defineClaims([
  ...ODD.map((name) =>
    compared((program) => `dis ${isComparable(program, name) ? name : 'schedule'}`, `dis ${name}`),
  ),
  ...Array.from({ length: SAMPLE }, (_, i) =>
    compared((program) => `dis ${sampleName(program, i)}`, `dis of function ${i} of ${SAMPLE}`),
  ),
  ...['schedule', 'schedule 3', '-x schedule 12', '-d schedule 12'].map((rest) =>
    sameAsCrash(`dis ${rest}`, { ours: edit, theirs: edit }),
  ),
  ...[
    'dis ADDR',
    'dis -f ADDR',
    'dis -f ADDR 4',
    'dis -r ADDR',
    'dis -rx ADDR',
    'dis -r ADDR 2',
  ].map((line) => compared((program) => line.replace('ADDR', fourthOf(program, 'schedule')), line)),
  compared((program) => `dis ${program.symbol('schedule').toString(16)}`, 'dis ADDRESS'),
  compared('dis linux_banner 3'),
  compared('dis -b'),
  crashClaim('dis -l vfs_read', (evidence, theirs) => {
    const isCode = (line: string): boolean => line.includes('\t')
    same({ ...evidence, lines: evidence.lines.filter(isCode) }, theirs.filter(isCode))
    // crash has a line for each instruction, from DWARF; of ours each must be one of them.
    for (const heading of evidence.lines.filter((line) => !isCode(line))) {
      const file = heading.split(/[: (]/)[0] as string
      assert.ok(
        theirs.some((line) => line.includes(`/${file}: `)),
        heading,
      )
    }
  }),
  recipeClaim(
    (program) =>
      `dis ${program.kernelSymbols?.findAll('io_serial_in').length === 2 ? 'io_serial_in' : 'no_such'}`,
    'of two functions of one name neither is shown: crash refuses as well, in several lines',
    ({ lines }) =>
      assert.match(
        lines[0] ?? '',
        /^dis: (?:io_serial_in: duplicate text symbols found|symbol not found): /,
      ),
    { shows: 'dis io_serial_in' },
  ),
  recipeClaim(
    'dis -s vfs_read',
    'as in crash the file is named and the source is not available; the line needs DWARF',
    ({ lines }) =>
      assert.deepEqual(lines, [
        'FILE: fs/read_write.c',
        'LINE: unknown (file by function)',
        'dis: not supported: vfs_read: source code is not available',
      ]),
    { except: { '5.10': 'no anchor is near enough to tell the file' } },
  ),
  recipeClaim(
    'dis -l refcount_warn_saturate',
    'each trap is explained by the file and line of the bug table, which crash does not read',
    ({ rows }) => {
      const traps = rows.filter(({ mnemonic }) => /^ud[12]$/.test(mnemonic))
      assert.ok(traps.length >= 4, `${traps.length} traps`)
      for (const { file, line, source_confidence: confidence, bug } of traps) {
        assert.equal(file, 'lib/refcount.c')
        assert.equal(confidence, 'exact')
        assert.equal(bug, `WARN at lib/refcount.c:${line}`)
      }
    },
  ),
  // Last: with -l crash 9.0.2 disassembles no kernel text after it.
  compared((program) => `dis -u ${userIp(program)} 8`, 'dis -u ADDRESS 8'),
])

/** `schedule+9`: where its fourth instruction begins. */
function fourthOf(program: Program, name: string): string {
  const start = program.symbol(name)
  const instructions = forEachInstruction(program, start)
  for (let i = 0; i < 3; i++) instructions.next()
  const { value } = instructions.next()
  assert.ok(value)
  return `${name}+${value.address - start}`
}

/** Where the panic task entered the kernel. */
function userIp(program: Program): string {
  const task = panicTask(program)
  assert.ok(task)
  const { userRegisters } = stackTrace(program, task)
  assert.ok(userRegisters)
  return (userRegisters.ip as bigint).toString(16)
}
