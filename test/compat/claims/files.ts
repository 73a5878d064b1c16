// files: what a process had open. Files without a directory have their full names here, where crash has some or none.
import assert from 'node:assert/strict'
import { fileInode, forEachFile } from '../../../src/core/kernel/fs.ts'
import { forEachTask } from '../../../src/core/kernel/sched.ts'
import type { Program } from '../../../src/core/program/program.ts'
import { crashClaim, defineClaims, guestClaim, sameAsCrash, recipeClaim } from './claim.ts'
import { byTask } from './gdb_text.ts'
import { largePid, openFile, settledProcesses, withoutDeleted } from './user_truth.ts'

/** Without the names of pipes, sockets and anonymous files, and without what the kernel says of deleted ones. */
const named = (lines: readonly string[]): string[] =>
  lines.map((line) =>
    withoutDeleted(
      line.replace(/ (FIFO|SOCK|UNKN)\b.*$/, ' $1').replace('anon_inode:[pidfd]', '/'),
    ),
  )

const console = (program: Program): ReturnType<typeof openFile> =>
  openFile(program, 'init', /console/)

/** An inode with pages in the page cache, of a file that some process has open. */
function cachedInode(program: Program): string {
  for (const task of forEachTask(program)) {
    for (const { file } of forEachFile(task)) {
      const inode = fileInode(file)
      const isFile = (inode.number('i_mode') & 0o170000) === 0o100000
      if (isFile && inode.number('i_mapping.nrpages') > 0) return inode.address.toString(16)
    }
  }
  throw new Error('no open file has cached pages')
}

export const files = defineClaims([
  sameAsCrash('files 1'),
  sameAsCrash('files 2'),
  sameAsCrash('files 1 2'),
  sameAsCrash(
    (program) => `files ${largePid(program)}`,
    { ours: named, theirs: named },
    { shows: 'files PID' },
  ),
  sameAsCrash('files -c 1'),
  sameAsCrash(
    (program) => `files -c ${largePid(program)}`,
    { ours: named, theirs: named },
    { shows: 'files -c PID' },
  ),
  sameAsCrash(
    (program) => `files -d ${console(program).dentry.toString(16)}`,
    {},
    { shows: 'files -d DENTRY' },
  ),
  sameAsCrash((program) => `files -p ${cachedInode(program)}`, {}, { shows: 'files -p INODE' }),
  recipeClaim(
    (program) => `files -n ${cachedInode(program)}`,
    'crash has it since 9.0.2: the nodes have all pages together',
    ({ rows }) => {
      const pages = rows.slice(1).map((row) => row.pages as number)
      assert.equal(
        pages.reduce((sum, count) => sum + count, 0),
        rows[0]?.nrpages,
      )
    },
    { shows: 'files -n INODE' },
  ),
  sameAsCrash('files -R console 1'),
  sameAsCrash('files -R 1 1'),
  sameAsCrash(
    (program) => `files -R ${console(program).inode.toString(16)} 1`,
    {},
    { shows: 'files -R INODE' },
  ),
  sameAsCrash(
    (program) => `files -R ${console(program).dentry.toString(16)} 1`,
    {},
    { shows: 'files -R DENTRY' },
  ),
  crashClaim('foreach files', ({ lines }, theirs) => {
    assert.deepEqual(byTask(named(lines)), byTask(named(theirs)))
  }),
  guestClaim('foreach user files', ({ blocks, program }, truth) => {
    const settled = settledProcesses(program, truth)
    assert.ok(settled.length > 3)
    for (const task of settled) {
      const pid = task.number('pid')
      const section = blocks.find(({ heading }) => heading?.pid === pid)
      const rows = section?.blocks.flatMap((block: { rows?: object[] }) => block.rows ?? []) ?? []
      const ours = rows.map(({ fd, path }: { fd: number; path: string }) => `${fd} -> ${path}`)
      const links = [...truth.ofProcess(pid, 'fd').matchAll(/(\d+ -> .*)$/gm)].map(
        ([, link]) => link,
      )
      assert.deepEqual(new Set(ours), new Set(links))
    }
  }),
])
