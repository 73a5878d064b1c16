// Where everything of an installed kbox lies. One table: install, uninstall, the Debian package and docs/install.md follow it.
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { listPackages, type Payload } from './payload.ts'

/** How a file gets its content. */
type Content =
  | { readonly kind: 'copy'; readonly source: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly target: string }

/** One file of an installed kbox. */
export type InstallItem = Content & {
  /** Below the root, without a leading slash. */
  readonly path: string
  readonly mode: number
  /** `config`: its user's own once it is there. `courtesy`: left out where somebody else has it. */
  readonly role: 'program' | 'config' | 'courtesy'
}

/** What may differ from machine to machine. */
export interface LayoutOptions {
  /** Absolute; '/usr' unless the administrator wants it elsewhere. */
  readonly prefix: string
  /** Bring our own Node: the machine has none that is new enough. */
  readonly withNode: boolean
  /** `kdump.service`, or `kbox.service` where another package has that name. */
  readonly unit: UnitName
}

/** The name of our unit. */
export type UnitName = 'kdump.service' | 'kbox.service'

/** Folders that must exist, with their modes. They stay when kbox goes: dumps and keys are in them. */
export const STATE_FOLDERS: readonly (readonly [path: string, mode: number])[] = [
  ['var/lib/kdump', 0o700],
  ['var/crash', 0o755],
]

/** The prefix all files of packaging/ are written for. */
const PACKAGED_PREFIX = '/usr'

/** Name the folder of the program, below the root. */
export function libraryFolder(prefix: string): string {
  return path.join(prefix, 'lib/kbox').slice(1)
}

/** List everything that is installed. @throws {Error} of the file system if the payload cannot be read */
export function listItems(payload: Payload, options: LayoutOptions): InstallItem[] {
  return [...programItems(payload, options), ...systemItems(payload, options)]
}

function programItems(payload: Payload, { prefix, withNode }: LayoutOptions): InstallItem[] {
  const lib = libraryFolder(prefix)
  const copy = (to: string, source: string, mode = 0o644): InstallItem => ({
    ...{ kind: 'copy', role: 'program' },
    ...{ path: path.join(lib, to), source, mode },
  })
  const modules = path.join(payload.root, 'node_modules')
  const packages = listPackages(modules).flatMap(({ name, files }) =>
    files.map((file) =>
      copy(path.join('node_modules', name, file), path.join(modules, name, file)),
    ),
  )
  return [
    ...globSync('*.mjs', { cwd: payload.bundle })
      .sort()
      .map((file) => copy(file, path.join(payload.bundle, file))),
    ...packages,
    copy('runtime.squashfs', payload.runtime),
    copy('busybox', payload.busybox, 0o755),
    ...(withNode ? [copy('node', payload.node, 0o755)] : []),
  ]
}

function systemItems({ root }: Payload, options: LayoutOptions): InstallItem[] {
  const { prefix, unit } = options
  const inPrefix = (to: string): string => path.join(prefix, to).slice(1)
  // systemd and udev look into /usr, and into /etc for what is elsewhere.
  const system = prefix === PACKAGED_PREFIX ? 'usr/lib' : 'etc'
  const packaging = path.join(root, 'packaging')
  const text = (to: string, from: string, mode = 0o644): InstallItem => ({
    ...{ kind: 'text', role: 'program' },
    ...{ path: to, mode, text: adapt(readFileSync(path.join(packaging, from), 'utf8'), options) },
  })
  return [
    text(inPrefix('bin/kbox'), 'bin/kbox', 0o755),
    {
      ...{ kind: 'link', role: 'courtesy', path: inPrefix('bin/kdumpctl') },
      ...{ target: 'kbox', mode: 0o777 },
    },
    text(`${system}/systemd/system/${unit}`, 'systemd/kdump.service'),
    text(`${system}/systemd/system/kbox-collect.service`, 'systemd/kbox-collect.service'),
    text(`${system}/systemd/system/kbox-report.service`, 'systemd/kbox-report.service'),
    text(`${system}/systemd/system-generators/kbox-generator`, 'systemd/kbox-generator', 0o755),
    text(
      prefix === PACKAGED_PREFIX ? 'usr/lib/tmpfiles.d/kbox.conf' : 'etc/tmpfiles.d/kbox.conf',
      'tmpfiles/kbox.conf',
    ),
    ...list(packaging, 'udev/*.rules').map((file) =>
      text(`${system}/udev/rules.d/${path.basename(file)}`, file),
    ),
    ...list(packaging, 'kernel-install/*.install').map((file) =>
      text(`${system}/kernel/install.d/${path.basename(file)}`, file, 0o755),
    ),
    ...list(packaging, 'man/*.8').map((file) =>
      text(inPrefix(`share/man/man8/${path.basename(file)}`), file),
    ),
    ...list(packaging, 'completion/kbox').map((file) =>
      text(inPrefix('share/bash-completion/completions/kbox'), file),
    ),
    ...(existsSync(path.join(root, 'LICENSE'))
      ? [text(inPrefix('share/doc/kbox/copyright'), '../LICENSE')]
      : []),
    {
      ...{ kind: 'text', role: 'config', path: 'etc/kdump.conf', mode: 0o644 },
      text: readFileSync(path.join(packaging, 'kdump.conf'), 'utf8'),
    },
  ]
}

function list(folder: string, pattern: string): string[] {
  return globSync(pattern, { cwd: folder }).sort()
}

/** Make a file of packaging/ speak of this prefix and this unit. */
function adapt(text: string, { prefix, unit }: LayoutOptions): string {
  const placed = text.replaceAll(/\/usr\/(bin|lib)\/kbox\b/g, `${prefix}/$1/kbox`)
  if (unit === 'kdump.service') return placed
  // Where another package's kdump.service is, ours makes way for neither and stops it first.
  const rivals = 'kdump-tools.service kdump.service kdump-early.service'
  return placed
    .replaceAll(/(^unit=|--quiet )kdump\.service\b/gm, `$1${unit}`)
    .replaceAll(/^(Conflicts|After)=kdump-tools\.service$/gm, `$1=${rivals}`)
}
