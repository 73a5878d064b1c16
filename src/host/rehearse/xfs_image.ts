// XFS in a file, made and read without mounting it: mkfs.xfs takes a list of what is to be in it, xfs_db tells where files
// lie. Source: mkfs.xfs(8) "protofile", xfs_db(8).
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { HostError } from '../../core/base/errors.ts'
import type { DiskPlan } from './disk_image.ts'
import { runTool } from './host_tool.ts'

/** Make the file system in a file that is there already. @throws {HostError} if mkfs.xfs fails */
export function makeXfs({ file, uuid, label, tree }: DiskPlan): void {
  const proto = `${file}.proto`
  writeFileSync(proto, ['boot', '0 0', 'd--755 0 0', ...protoLines(tree), '$', ''].join('\n'))
  try {
    runTool('mkfs.xfs', [
      ...['-q', '-f', '-p', proto],
      ...(uuid === '' ? [] : ['-m', `uuid=${uuid}`]),
      ...(label === '' ? [] : ['-L', label]),
      file,
    ])
  } finally {
    rmSync(proto)
  }
}

/** A folder's content, each folder in it closed by `$`. */
function protoLines(folder: string): string[] {
  if (folder === '') return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const below = path.join(folder, entry.name)
    if (/\s/.test(below)) throw new HostError(`${below}: a blank in a name that mkfs.xfs is given`)
    if (entry.isDirectory()) return [`${entry.name} d--755 0 0`, ...protoLines(below), '$']
    return entry.isFile() ? [`${entry.name} ---600 0 0 ${below}`] : []
  })
}

/**
 * Copy a folder out of it.
 *
 * @param to folder that becomes its copy
 * @returns false when there is no such folder
 * @throws {HostError} if xfs_db tells what is not understood
 */
export function extractXfs(file: string, folder: string, to: string): boolean {
  const [rootIno] = matchAll(/^rootino = (\d+)$/gm, ask(file, 'sb 0', 'p rootino'))
  if (rootIno === undefined) return false
  let inode = rootIno
  for (const name of folder.split('/').filter(Boolean)) {
    const next = listFolder(file, inode).find((entry) => entry.name === name && entry.isFolder)
    if (!next) return false
    inode = next.inode
  }
  const facts = ask(file, 'sb 0', 'p blocksize agblocks')
  const [blockSize, blocksOfGroup] = matchAll(/^(?:blocksize|agblocks) = (\d+)$/gm, facts)
  const fd = openSync(file, 'r')
  try {
    copyFolder(
      { file, fd, blockSize: Number(blockSize), blocksOfGroup: Number(blocksOfGroup) },
      inode,
      to,
    )
  } finally {
    closeSync(fd)
  }
  return true
}

interface XfsImage {
  readonly file: string
  readonly fd: number
  readonly blockSize: number
  readonly blocksOfGroup: number
}

interface XfsEntry {
  readonly inode: string
  readonly name: string
  readonly isFolder: boolean
}

function copyFolder(image: XfsImage, inode: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const entry of listFolder(image.file, inode)) {
    const name = path.join(to, path.basename(entry.name))
    if (entry.isFolder) copyFolder(image, entry.inode, name)
    else copyFile(image, entry.inode, name)
  }
}

function listFolder(file: string, inode: string): XfsEntry[] {
  const line = /^\d+\s+(\d+)\s+(directory|regular)\s+0x[\da-f]+\s+\d+ (.+) \(good\)$/gm
  return [...ask(file, `inode ${inode}`, 'ls').matchAll(line)]
    .map(([, number = '', type, name = '']) => ({
      inode: number,
      name,
      isFolder: type === 'directory',
    }))
    .filter(({ name }) => name !== '.' && name !== '..')
}

/** Holes stay holes. */
function copyFile(
  { file, fd, blockSize, blocksOfGroup }: XfsImage,
  inode: string,
  to: string,
): void {
  const facts = ask(file, `inode ${inode}`, 'p core.size core.mode', 'bmap')
  const size = Number(/^core\.size = (\d+)$/m.exec(facts)?.[1] ?? NaN)
  const mode = parseInt(/^core\.mode = (\d+)$/m.exec(facts)?.[1] ?? '', 8) & 0o777
  if (Number.isNaN(size)) throw new HostError(`${file}: xfs_db tells no size of inode ${inode}`)
  const out = openSync(to, 'w', mode)
  try {
    const extent = /^data offset (\d+) startblock \d+ \((\d+)\/(\d+)\) count (\d+) flag/gm
    for (const [, ...numbers] of facts.matchAll(extent)) {
      const [offset = 0, group = 0, block = 0, count = 0] = numbers.map(Number)
      const from = (group * blocksOfGroup + block) * blockSize
      const start = offset * blockSize
      const end = Math.min(start + count * blockSize, size)
      copyRange(fd, from, out, start, end)
    }
  } finally {
    closeSync(out)
  }
}

function copyRange(from: number, offset: number, to: number, start: number, end: number): void {
  const buffer = new Uint8Array(1 << 20)
  for (let at = start; at < end;) {
    const got = readSync(from, buffer, 0, Math.min(buffer.length, end - at), offset + at - start)
    if (got === 0) throw new HostError('an XFS image is shorter than its files')
    writeSync(to, buffer, 0, got, at)
    at += got
  }
}

function ask(file: string, ...commands: string[]): string {
  return runTool('xfs_db', ['-r', ...commands.flatMap((command) => ['-c', command]), file]).stdout
}

function matchAll(pattern: RegExp, text: string): string[] {
  return Array.from(text.matchAll(pattern), ([, group = '']) => group)
}
