// Everything of every task as JSON: stacks, files, areas of memory, sockets; slab caches and modules of the machine. Whole
// processes, same file, same run. drgn's script reads what kbox's lines print, by its own helpers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { measure, printMeasurements } from './measure.ts'
import { peers } from './peers.ts'

const LINES = [
  'foreach bt',
  'foreach files',
  'foreach vm',
  'foreach net -s',
  'kmem -s',
  'mod',
] as const

const DRGN_SCRIPT = `
import json, os
from drgn.helpers.linux import *
from drgn import FaultError, ObjectAbsentError
def attempt(f):
    try:
        return f()
    except Exception as error:
        return str(error)
def stack(task):
    return [(f.name, f.pc) for f in prog.stack_trace(task)]
def file_row(fd, file):
    inode = file.f_inode
    return [fd, file.value_(), file.f_path.dentry.value_(), inode.value_(), int(inode.i_mode),
            os.fsdecode(d_path(file.f_path)), int(inode.i_mapping.nrpages)]
def files(task):
    return [attempt(lambda: file_row(fd, file)) for fd, file in for_each_file(task)]
def vma_row(vma):
    file = vma.vm_file
    return [vma.value_(), int(vma.vm_start), int(vma.vm_end), int(vma.vm_flags),
            os.fsdecode(d_path(file.f_path)) if file else None]
def vmas(task):
    return [attempt(lambda: vma_row(vma)) for vma in for_each_vma(task.mm)] if task.mm else []
def sockets(task):
    rows = []
    for fd, file in for_each_file(task):
        if (int(file.f_inode.i_mode) & 0o170000) != 0o140000:
            continue
        sock = SOCKET_I(file.f_inode).sk
        common = sock.__sk_common
        rows.append([fd, sock.value_(), int(common.skc_family), int(sock.sk_type), int(common.skc_state),
                     int(common.skc_num), int(common.skc_dport), int(common.skc_daddr), int(common.skc_rcv_saddr)])
    return rows
tasks = []
for task in for_each_task(prog):
    tasks.append({"pid": task.pid.value_(), "comm": os.fsdecode(task.comm.string_()), "stack": attempt(lambda: stack(task)),
                  "files": attempt(lambda: files(task)), "vmas": attempt(lambda: vmas(task)), "sockets": attempt(lambda: sockets(task))})
def slab(cache):
    usage = slab_cache_usage(cache)
    return [os.fsdecode(cache.name.string_()), cache.value_(), int(cache.object_size), usage.num_slabs, usage.num_objs, usage.free_objs]
slabs = [attempt(lambda: slab(cache)) for cache in for_each_slab_cache(prog)]
modules = [[os.fsdecode(m.name.string_()), m.value_()] for m in for_each_module(prog)]
print(json.dumps({"tasks": tasks, "slabs": slabs, "modules": modules}))
`

/** @param vmlinux the kernel with DWARF that drgn needs */
export function benchEverything(vmcore: string, vmlinux: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'kbox-bench-'))
  try {
    const script = path.join(folder, 'everything.py')
    writeFileSync(script, DRGN_SCRIPT)
    printMeasurements(`everything of every task of ${vmcore} as JSON`, [
      measure('kbox crash --json', `bin/kbox crash -s --json '${vmcore}' -c '${LINES.join('; ')}'`),
      ...peers('drgn').map(({ name, command }) =>
        measure(name, `'${command}' -q -s '${vmlinux}' -c '${vmcore}' '${script}'`),
      ),
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
}
