// Who reads the running kernel. Source: fs/proc/kcore.c read_kcore_iter(): its notes hold the reader's own task_struct.
import { NT_TASKSTRUCT } from '../elf/elf_note.ts'
import type { Program } from '../program/program.ts'
import { findTask, type Task } from './sched.ts'

/** The task that opened /proc/kcore, by the copy among its notes; undefined for a dump. */
export function liveTask(program: Program): Task | undefined {
  if (!program.dump.isLive) return undefined
  const note = program.dump.notes.find(
    ({ name, type }) => name === 'CORE' && type === NT_TASKSTRUCT,
  )
  const offset = program.offsetof('struct task_struct', 'pid')
  if (!note || note.desc.length < offset + 4) return undefined
  const { buffer, byteOffset } = note.desc
  const pid = new DataView(buffer, byteOffset).getInt32(offset, program.memory.littleEndian)
  return findTask(program, pid)
}
