// apt as a downloader that touches nothing of the system: lists, sources and packages lie in kbox's cache folder.
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { cachePath } from './cache.ts'

/** Debian's name of this machine's architecture. */
export const ARCH = process.arch === 'arm64' ? 'arm64' : 'amd64'
/** Where Debian is fetched from. */
export const MIRROR = process.env.KBOX_DEBIAN_MIRROR ?? 'http://deb.debian.org/debian'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** apt, on lists of its own. */
export interface Apt {
  update(): void
  packageNames(prefix: string): string[]
  /** Version that would be downloaded; '' if the package is unknown. */
  candidate(name: string): string
  /** The packages of the same release that `image` depends on: sid splits the kernel into several. */
  partsOf(image: string, release: string): string[]
  /** The packages that `name` depends on itself, alternatives included. */
  dependencies(name: string): string[]
  /** The packages and all they depend on, essential ones included. */
  closure(names: readonly string[]): string[]
  /** Fetch packages; returns the paths of their .deb files. */
  download(names: readonly string[]): string[]
}

/**
 * apt on a folder of its own: every path it would read or write in the system is moved there.
 *
 * @param name names the folder
 * @param sourceLines one-line apt sources, without the options every line has
 * @param keyring whose signatures are believed; Debian's if not given
 */
export function privateApt(name: string, sourceLines: readonly string[], keyring = KEYRING): Apt {
  const folder = cachePath('apt', name)
  const debs = path.join(folder, 'debs')
  for (const part of ['lists/partial', 'cache/archives/partial', 'debs'])
    mkdirSync(path.join(folder, part), { recursive: true })
  const sources = sourceLines.map((source) => `deb [arch=${ARCH} signed-by=${keyring}] ${source}\n`)
  writeFileSync(path.join(folder, 'sources.list'), sources.join(''))
  const options = [
    `Dir::State::lists=${folder}/lists`,
    'Dir::State::status=/dev/null',
    `Dir::Cache=${folder}/cache`,
    `Dir::Etc::sourcelist=${folder}/sources.list`,
    'Dir::Etc::sourceparts=/dev/null',
    'Acquire::Languages=none',
    // A mirror frozen in time calls its lists expired; the signature is still checked.
    'Acquire::Check-Valid-Until=false',
    // As root, apt would hand the download to a user that cannot write to our cache.
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option])
  const run = (tool: string, ...args: string[]): string =>
    execFileSync(tool, [...options, ...args], {
      cwd: debs,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  const dependencies = (name: string): string[] =>
    [...run('apt-cache', 'depends', name).matchAll(/Depends: (\S+)$/gm)].map(
      ([, dependency]) => dependency ?? '',
    )
  return {
    update: () => void run('apt-get', '-qq', 'update'),
    packageNames: (prefix) => run('apt-cache', 'pkgnames', prefix).split('\n'),
    candidate: (wanted) =>
      /^ {2}Candidate: (\S+)/m.exec(run('apt-cache', 'policy', wanted))?.[1] ?? '',
    partsOf: (image, release) =>
      dependencies(image).filter((name) => /^linux-\w+-(.+)$/.exec(name)?.[1] === release),
    dependencies,
    closure: (names) => {
      const only = [
        '--no-recommends',
        '--no-suggests',
        '--no-conflicts',
        '--no-breaks',
        '--no-replaces',
        '--no-enhances',
      ]
      const text = run('apt-cache', 'depends', '--recurse', ...only, ...names)
      // Lines that begin with a name are packages; `<name>` is a virtual one.
      return [...new Set(text.split('\n').filter((line) => /^[a-z0-9]/.test(line)))].map(
        (line) => line.split(':')[0] as string,
      )
    },
    download: (names) => {
      rmSync(debs, { recursive: true })
      mkdirSync(debs)
      run('apt-get', '-qq', 'download', ...names)
      return globSync(`${debs}/*.deb`)
    },
  }
}
