// Files that are on the disk when the call returns: the machine may die the moment after.
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import path from 'node:path'

/** Write a file and flush it; readable by root only. */
export function writeDurably(file: string, pieces: Iterable<string | Uint8Array>): void {
  const fd = openSync(file, 'w', 0o600)
  try {
    for (const piece of pieces) writeAll(fd, typeof piece === 'string' ? Buffer.from(piece) : piece)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Flush a file's content, rename it, and flush the folder, so that the new name never stands for half a file. */
export function renameDurably(from: string, to: string): void {
  flush(from)
  renameSync(from, to)
  flush(path.dirname(to))
}

/** Flush one file or folder. */
export function flush(file: string): void {
  const fd = openSync(file, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0
  while (done < bytes.length) done += writeSync(fd, bytes, done)
}
