// struct, union and *: types and the objects of them in memory.
import { structCode } from '../code/type_code.ts'
import { defineCommand, type Command } from '../command.ts'
import { STRUCT_OPTIONS, structBlocks } from '../struct_view.ts'

const DESCRIPTION =
  'Without an address the definition is shown, with one the object there. Members are given behind the ' +
  'name: task_struct.pid,comm; paths go into embedded structs, through arrays and along pointers: ' +
  'mm.pgd, pid_links[1].next. The word struct may be left out: task_struct.pid init_task.' +
  '\n\nAn address is hexadecimal, a symbol, a symbol plus an offset or an expression in parentheses. :a, :0 or ' +
  ':0-2 behind it asks for the copies of a percpu variable.'

const declare = (name: string, summary: string): Command =>
  defineCommand({
    name,
    summary,
    ...(name === '*' ? { aliases: { size: [] } } : {}),
    operands: 'name[.member[,member]] [address | symbol][:cpuspec] [count]',
    operandsMin: 1,
    description: DESCRIPTION,
    examples: [
      { text: 'a definition with offsets', command: `${name} list_head -o` },
      { text: 'members of an object', command: `${name} task_struct.pid,comm init_task` },
      { text: 'the run queue of every CPU', command: `${name} rq.nr_running runqueues:a` },
      {
        text: 'a list entry',
        command: `${name} task_struct.comm -l task_struct.tasks ffff8880c11fca10`,
      },
    ],
    options: STRUCT_OPTIONS,
    needs: ['types'],
    code: structCode,
    run: structBlocks,
  })

/** `struct` itself; what it shows is in struct_view.ts. */
export const struct = declare('struct', 'structure contents')
/** `union`: the same, as crash has it. */
export const union = declare('union', 'union contents')
/** `*`: the same in one character; also `*name` without a space. */
export const star = declare('*', 'shortcut for struct and union')
