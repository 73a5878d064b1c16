// btrfs in a file, made and read without mounting it. Source: mkfs.btrfs(8), btrfs-restore(8).
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { DiskPlan } from './disk_image.ts'
import { runTool } from './host_tool.ts'

/** Make the file system in a file that is there already. @throws {HostError} if mkfs.btrfs fails */
export function makeBtrfs({ file, uuid, label, tree }: DiskPlan): void {
  runTool('mkfs.btrfs', [
    ...['-q', '-f'],
    ...(uuid === '' ? [] : ['-U', uuid]),
    ...(label === '' ? [] : ['-L', label]),
    ...(tree === '' ? [] : ['--rootdir', tree]),
    file,
  ])
}

/**
 * Copy a folder out of it.
 *
 * @param to folder that becomes its copy
 * @returns false when there is no such folder
 */
export function extractBtrfs(file: string, folder: string, to: string): boolean {
  // btrfs restores all of a file system, or what a regular expression of its own kind says.
  const all = mkdtempSync(`${file}.restored-`)
  try {
    runTool('btrfs', ['restore', '-m', file, all])
    const found = path.join(all, folder)
    if (!existsSync(found)) return false
    cpSync(found, to, { recursive: true, preserveTimestamps: true })
    return true
  } finally {
    rmSync(all, { recursive: true })
  }
}
