// Entries of the Boot Loader Specification: files that a boot loader reads by itself, and GRUB's variables in them.
// Sources: uapi-group.org Boot Loader Specification type 1; grub2's blscfg; GRUB manual "Environment block".
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import type { BootContext, BootEntry, EntryChange } from './boot_loader.ts'
import { editFile, type FileEdit, readTree } from './file_edit.ts'
import { type ArgChange, changeArgs } from './kernel_args.ts'
import { compareNewestFirst } from './kernel_path.ts'

/** Where entries may lie. */
export const BLS_FOLDERS = [
  '/boot/loader/entries',
  '/efi/loader/entries',
  '/boot/efi/loader/entries',
]
const GRUBENV = '/boot/grub2/grubenv'

/** The folder with entries. @returns undefined if none has any */
export function findBlsFolder({ root }: BootContext): string | undefined {
  return BLS_FOLDERS.find((folder) => listEntries(root, folder).length > 0)
}

/** Read the entries of a folder, newest kernel first, which is how they are counted. */
export function readBlsEntries(context: BootContext, folder: string): BootEntry[] {
  const { root } = context
  const variables = readGrubenv(root)
  const saved = variables.get('saved_entry') ?? loaderDefault(root, folder) ?? '0'
  const entries = listEntries(root, folder).map((id, index) => {
    const text = readTree(root, `${folder}/${id}.conf`)
    const kernel = fieldOf(text, 'linux') || fieldOf(text, 'uki') || fieldOf(text, 'efi')
    return {
      index,
      kernel: kernelPath(root, folder, kernel),
      id,
      args: expandVariables(optionsOf(text), variables),
      isDefault: saved === id || saved === String(index) || matches(saved, `${id}.conf`),
    }
  })
  const [first, ...rest] = entries
  if (first && !entries.some(({ isDefault }) => isDefault))
    return [{ ...first, isDefault: true }, ...rest]
  return entries
}

/**
 * Plan changes of entries. What they take from `$kernelopts` is changed there if all that use it change alike, else
 * written into the entry.
 *
 * @param changes of those entries that do change
 * @throws {HostError} if the environment block has no room
 */
export function planBlsEdits(
  { root }: BootContext,
  folder: string,
  changes: readonly EntryChange[],
): FileEdit[] {
  const { kernelopts = '' } = Object.fromEntries(readGrubenv(root))
  const isShared = sharesKernelopts(root, folder, changes)
  const edits = changes.map(({ entry, changes: wanted }) =>
    editFile(root, `${folder}/${entry.id}.conf`, (text) => {
      if (!usesKernelopts(text)) return changeOptions(text, wanted)
      // There its own words would win over those of the variable.
      if (isShared)
        return changeOptions(
          text,
          wanted.map(({ key }) => ({ key, values: [] })),
        )
      return changeOptions(text.replaceAll(KERNELOPTS, kernelopts), wanted)
    }),
  )
  const [first] = changes
  if (isShared && first) edits.push(planGrubenv(root, first.changes))
  return edits.filter((edit) => edit !== undefined)
}

const KERNELOPTS = /\$(?:kernelopts\b|\{kernelopts\})/g

function usesKernelopts(text: string): boolean {
  return optionsOf(text).search(KERNELOPTS) >= 0
}

/** Whether all entries that use `$kernelopts` of the environment block get the same changes. */
function sharesKernelopts(root: string, folder: string, changes: readonly EntryChange[]): boolean {
  if (!/^kernelopts=/m.test(readTree(root, grubenvFile(root)))) return false
  const users = listEntries(root, folder).filter((id) =>
    usesKernelopts(readTree(root, `${folder}/${id}.conf`)),
  )
  const wanted = users.map((id) => changes.find(({ entry }) => entry.id === id)?.changes)
  const texts = wanted.map((each) => JSON.stringify(each))
  return users.length > 0 && texts.every((text) => text !== undefined && text === texts[0])
}

/** Several options lines are one command line: what is new goes to the last, what is old goes from all. */
function changeOptions(text: string, changes: readonly ArgChange[]): string {
  const lines = [...text.matchAll(OPTIONS)]
  const last = lines.at(-1)
  if (!last) return `${text.replace(/\n*$/, '\n')}options ${changeArgs('', changes)}\n`
  const removal = changes.map(({ key }) => ({ key, values: [] }))
  return text.replace(OPTIONS, (_, key: string, args: string, at: number) => {
    return `${key}${changeArgs(args, at === last.index ? changes : removal)}`
  })
}

const OPTIONS = /^(options[ \t]+)(.*)$/gm

/** The block keeps its size: GRUB writes into it without knowing the file system. */
function planGrubenv(root: string, changes: readonly ArgChange[]): FileEdit | undefined {
  const file = grubenvFile(root)
  return editFile(root, file, (text) => {
    const fresh = text.replace(/^kernelopts=(.*)$/m, (_, args: string) => {
      return `kernelopts=${changeArgs(args, changes)}`
    })
    const body = fresh.replace(/#+$/, '')
    if (Buffer.byteLength(body) > Buffer.byteLength(text)) {
      throw new HostError(
        `${file}: no room for the new command line (${Buffer.byteLength(body)} bytes, ${Buffer.byteLength(text)} fit): shorten kernelopts`,
        'ENOSPC',
      )
    }
    return body + '#'.repeat(Buffer.byteLength(text) - Buffer.byteLength(body))
  })
}

function readGrubenv(root: string): Map<string, string> {
  const text = readTree(root, grubenvFile(root))
  const variables = new Map(
    Array.from(text.matchAll(/^(\w+)=(.*)$/gm), ([, name = '', value = '']) => [name, value]),
  )
  // What grub.cfg falls back to where the block says nothing.
  const fallback = /^\s*set kernelopts="([^"]*)"/m.exec(readTree(root, '/boot/grub2/grub.cfg'))?.[1]
  if (fallback !== undefined && !variables.has('kernelopts')) variables.set('kernelopts', fallback)
  return variables
}

/** On EFI machines the block is a link into the EFI system partition. */
function grubenvFile(root: string): string {
  const file = path.join(root, GRUBENV)
  try {
    const real = path.relative(realpathSync(root), realpathSync(file))
    return real.startsWith('..') ? GRUBENV : `/${real}`
  } catch {
    return GRUBENV
  }
}

function loaderDefault(root: string, folder: string): string | undefined {
  const text = readTree(root, path.join(path.dirname(folder), 'loader.conf'))
  return fieldOf(text, 'default') || undefined
}

/** loader.conf may say `arch-*`. */
function matches(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name)
}

function listEntries(root: string, folder: string): string[] {
  try {
    return readdirSync(path.join(root, folder))
      .filter((name) => name.endsWith('.conf'))
      .map((name) => name.slice(0, -'.conf'.length))
      .toSorted(compareNewestFirst)
  } catch {
    return []
  }
}

/** Entries name files from the top of their own partition; messages name them as the machine sees them. */
function kernelPath(root: string, folder: string, kernel: string): string {
  const top = path.dirname(path.dirname(folder))
  if (kernel === '' || kernel.startsWith('/boot/')) return kernel
  const inPlace = existsSync(path.join(root, kernel)) && !existsSync(path.join(root, top, kernel))
  return inPlace ? kernel : `${top === '/' ? '' : top}${kernel}`
}

function fieldOf(text: string, key: string): string {
  return new RegExp(`^${key}[ \\t]+(.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
}

/** Several options lines are one command line. */
function optionsOf(text: string): string {
  return Array.from(text.matchAll(OPTIONS), ([, , args = '']) => args.trim()).join(' ')
}

function expandVariables(args: string, variables: ReadonlyMap<string, string>): string {
  return args
    .replace(/\$\{?([A-Za-z_]\w*)\}?/g, (_, name: string) => variables.get(name) ?? '')
    .trim()
}
