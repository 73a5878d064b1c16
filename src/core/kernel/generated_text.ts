// Code that the kernel wrote itself while it ran: programs of BPF and trampolines of ftrace. It has names as
// /proc/kallsyms shows them, in no table of symbols. Source: kernel/bpf/core.c bpf_get_kallsym(), kernel/trace/ftrace.c
// ftrace_get_trampoline_kallsym().
import { KdumpError } from '../base/errors.ts'
import type { KernelSymbol } from '../debuginfo/symbol_index.ts'
import type { Program } from '../program/program.ts'
import { BPF_TEXT, FTRACE_TEXT } from '../program/generated_map.ts'
import { listForEachEntry } from './list.ts'

const SIZE_MAX = 16n * 1024n * 1024n

/** Names of generated code, in no order; lists that are damaged or not there give what they have. */
export function generatedText(program: Program): KernelSymbol[] {
  const found: KernelSymbol[] = []
  for (const list of [forEachBpfText, forEachFtraceTrampoline]) {
    try {
      for (const symbol of list(program)) if (symbol.size > 0) found.push(symbol)
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
    }
  }
  return found
}

/** Programs, trampolines and dispatchers of BPF. @source include/linux/bpf.h struct bpf_ksym */
export function* forEachBpfText(program: Program): Generator<KernelSymbol> {
  // Since v5.7, commit bfea9a8574f3 ("bpf: Add name to struct bpf_ksym"), all of them are struct bpf_ksym.
  if (!program.hasSymbol('bpf_kallsyms') || !program.hasType('struct bpf_ksym')) return
  const head = program.object('bpf_kallsyms', 'struct list_head')
  for (const ksym of listForEachEntry(head, 'struct bpf_ksym', 'lnode')) {
    const start = ksym.bigint('start')
    yield text(ksym.string('name'), start, ksym.bigint('end') - start, BPF_TEXT)
  }
}

function* forEachFtraceTrampoline(program: Program): Generator<KernelSymbol> {
  // Since v5.9, commit fc0ea795f53c ("ftrace: Add symbols for ftrace trampolines"), they are listed.
  if (!program.hasSymbol('ftrace_ops_trampoline_list') || !program.hasType('struct ftrace_ops'))
    return
  const head = program.object('ftrace_ops_trampoline_list', 'struct list_head')
  for (const ops of listForEachEntry(head, 'struct ftrace_ops', 'list')) {
    const size = ops.bigint('trampoline_size')
    yield text('ftrace_trampoline', ops.bigint('trampoline'), size, FTRACE_TEXT)
  }
}

function text(name: string, address: bigint, size: bigint, module: string): KernelSymbol {
  // What is larger is damaged, and would name half the kernel.
  return { name, address, type: 't', size: size > SIZE_MAX || size < 0n ? 0 : Number(size), module }
}
