// Erase rules against makedumpfile's, which takes types and symbols from a vmlinux with DWARF; we take them from the
// dump. The same rules must overwrite the same bytes, and leave the same words in eraseinfo.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'
import { openDump } from '../../src/core/dump/formats.ts'
import { kdump_sub_header } from '../../src/core/dump/diskdump_layout.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { planErasure } from '../../src/host/capture/erase/erase_plan.ts'
import { PageEraser } from '../../src/host/capture/erase/page_eraser.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'

/** Each shape the language has. A rule makedumpfile stops at (a syntax error) must not be among them. */
const RULES = `# members of a struct, whole structs, what pointers point to
erase init_uts_ns.name.nodename
erase saved_command_line
erase log_buf size 1K
erase jiffies
erase init_task.cred
erase init_task.stack size 16
erase init_task.se.group_node.prev
erase mem_section

[vmlinux]
# nothing: a void pointer without size, a number nullified, unknown names
erase init_task.stack
erase iomem_resource.start nullify
erase no_such_symbol.x
erase init_task.no_such_member

erase iomem_resource.name nullify
# the longer of two that begin at one place
erase init_task.comm size 3
erase init_task.comm size 5
erase init_uts_ns.name.sysname size 2
erase init_uts_ns.name

for m in modules.next within module:list
  erase m.srcversion
  erase m.name size 3
  erase m.state size m.num_kp
  erase m.kallsyms.strtab size m.kallsyms.num_symtab
endfor
for s in super_blocks within super_block:s_list
  erase s.s_id
  erase s.s_root.d_name.name
  erase s.s_type.name
  erase s.s_op nullify
endfor
for t in init_task.children.prev within task_struct:sibling
  erase t.comm
endfor
for r in ioport_resource.child via sibling
  erase r.name
  erase r.flags
endfor
for c in chrdevs
  erase c.name
endfor
for i in dmi_ident
  erase i
endfor
[no_such_module]
erase something
`

const vmcore = cachePath('dumps', '6.1', 'vmcore.elf')
const vmlinux = findCachedKernel('6.1')?.vmlinux ?? ''
const makedumpfile = peers('makedumpfile').find(({ name }) => name.includes('installed'))
const missing = [vmcore, vmlinux, makedumpfile?.command ?? ''].find((file) => !fs.existsSync(file))
const skip = missing === undefined ? false : `missing: ${missing || 'vmlinux or makedumpfile'}`

test('makedumpfile erases the same bytes by the same rules', { skip }, () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-erase-'))
  try {
    const config = path.join(folder, 'rules')
    const output = path.join(folder, 'theirs')
    fs.writeFileSync(config, RULES)
    const options = ['-d', '31', '--message-level', '0', '-x', vmlinux, '--config', config]
    const { status } = spawnSync(makedumpfile?.command ?? '', [...options, vmcore, output])
    assert.equal(status, 0)

    const program = openKernel(openFileSource(vmcore))
    const plan = planErasure(program, RULES, 'rules')
    assert.equal(plan.info, readEraseInfo(output))
    const eraser = new PageEraser(plan.ranges, program.dump.pageSize)
    assert.ok(comparePages(vmcore, output, eraser) > 50)
    assert.deepEqual(
      plan.problems.map(({ line, message }) => `${line}: ${message.split(':', 2).join(':')}`),
      [
        "13: 'init_task.stack' does not say what it points to: write size N or nullify behind it",
        "14: 'iomem_resource.start' is no pointer: nullify does nothing, write size N or nothing",
        '15: symbol not found: no_such_symbol',
        '16: member not found: struct task_struct has no no_such_member',
        "50: module 'no_such_module' was not loaded: its section is skipped",
      ],
    )
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
})

/** Compare every page of `theirs` with that of `vmcore` after erasing; returns pages that something was erased on. */
function comparePages(from: string, theirs: string, eraser: PageEraser): number {
  using original = openDump(openFileSource(from))
  using erased = openDump(openFileSource(theirs))
  const [ours, expected] = [new Uint8Array(original.pageSize), new Uint8Array(original.pageSize)]
  let count = 0
  for (const { start, end } of erased.pfnRuns('present')) {
    for (let pfn = start; pfn < end; pfn++) {
      original.readPhysical(pfn * original.pageSize, ours)
      erased.readPhysical(pfn * original.pageSize, expected)
      if (eraser.erase(pfn, ours)) count++
      assert.ok(Buffer.compare(ours, expected) === 0, `pfn 0x${pfn.toString(16)}`)
    }
  }
  return count
}

function readEraseInfo(file: string): string {
  const bytes = fs.readFileSync(file)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const header = kdump_sub_header.read(view, 4096, { littleEndian: true })
  const start = header.offset_eraseinfo
  return bytes.toString('latin1', start, start + header.size_eraseinfo)
}
