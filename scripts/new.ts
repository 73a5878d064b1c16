// Copies a skeleton that compiles and passes: `npm run new -- command foo`. Source, test, line of the registry and line of
// the changelog; what is left is to make it true. Kinds: command, rule, format, codec, helper.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'

/** What a kind of new file needs. */
interface Kind {
  readonly folder: string
  /** Lists the members; absent where nothing does. */
  readonly registry?: string
  /** The changelog's line. */
  readonly line: (name: string) => string
  /** What else must know the name, as text to find and text to put there. */
  readonly also?: readonly {
    readonly file: string
    readonly find: RegExp
    readonly replace: string
  }[]
}

const KINDS: Readonly<Record<string, Kind>> = {
  command: {
    folder: 'src/core/crash/commands',
    registry: 'src/core/crash/commands.ts',
    line: (name) => `\`kbox crash\`: command \`${name}\`.`,
  },
  rule: {
    folder: 'src/core/diagnose/rules',
    registry: 'src/core/diagnose/rules.ts',
    line: (name) => `\`kbox report\` recognises ${name.replaceAll('_', ' ')}.`,
  },
  format: {
    folder: 'src/core/dump',
    registry: 'src/core/dump/formats.ts',
    line: (name) => `Opens ${name} dumps.`,
  },
  codec: {
    folder: 'src/core/codec',
    registry: 'src/core/codec/codecs.ts',
    line: (name) => `Reads dumps whose pages are compressed with ${name}.`,
    also: [
      {
        file: 'src/core/codec/codec.ts',
        find: /^(export type CodecName = .*)$/m,
        replace: "$1 | '@file@'",
      },
      {
        file: 'src/host/capture/writers/kdump_header.ts',
        find: /^(export const CODEC_FLAG: .* = \{[^}]*)\}/m,
        replace: '$1  // Its flag in page_desc goes here.\n  @file@: 0,\n}',
      },
    ],
  },
  helper: {
    folder: 'src/core/kernel',
    line: (name) => `Helpers for the kernel's ${name}.`,
  },
}

const SKELETONS = path.join(import.meta.dirname, 'skeletons')

if (import.meta.main) main()

function main(): void {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [kind = '', name = ''] = positionals
  try {
    for (const file of createFromSkeleton('.', kind, name)) console.log(file)
  } catch (error) {
    console.error(`new: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}

/**
 * Write a new member of a kind into the checkout at `root`.
 *
 * @param name in snake_case: it becomes the file's name, and in camelCase the export's
 * @returns the files written or changed, from `root`
 * @throws {Error} if the kind is unknown, the name is no name, or the file exists
 */
export function createFromSkeleton(root: string, kind: string, name: string): string[] {
  const target = KINDS[kind]
  if (!target) throw new Error(`no kind '${kind}': expected ${Object.keys(KINDS).join(', ')}`)
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name))
    throw new Error(`'${name}' is not a name in snake_case`)
  const source = `${target.folder}/${name}.ts`
  if (existsSync(path.join(root, source))) throw new Error(`${source} exists`)

  // Everything is thought out before anything is written: a registry that looks unexpected leaves no half.
  const texts = new Map<string, string>([
    [source, fill(readSkeleton(`${kind}.txt`), name)],
    [`${target.folder}/${name}.test.ts`, fill(readSkeleton(`${kind}.test.txt`), name)],
  ])
  const edit = (file: string, change: (text: string) => string): void => {
    const text = readFileSync(path.join(root, file), 'utf8')
    texts.set(file, change(text))
    if (texts.get(file) === text)
      throw new Error(`${file} does not look as expected: add ${name} by hand`)
  }
  if (target.registry) {
    const specifier = `./${path.posix.relative(path.dirname(target.registry), source)}`
    edit(target.registry, (text) => addToRegistry(text, specifier, name))
  }
  for (const { file, find, replace } of target.also ?? []) {
    edit(file, (text) => text.replace(find, fill(replace, name)))
  }
  edit('CHANGELOG.md', (text) => addToChangelog(text, target.line(name)))

  mkdirSync(path.join(root, target.folder), { recursive: true })
  for (const [file, text] of texts) writeFileSync(path.join(root, file), text)
  format(
    [...texts.keys()].filter((file) => file.endsWith('.ts')).map((file) => path.join(root, file)),
  )
  return [...texts.keys()]
}

function format(files: readonly string[]): void {
  const oxfmt = path.join(import.meta.dirname, '../node_modules/.bin/oxfmt')
  execFileSync(oxfmt, ['--write', ...files], { stdio: 'ignore' })
}

function readSkeleton(file: string): string {
  return readFileSync(path.join(SKELETONS, file), 'utf8')
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function fill(skeleton: string, name: string): string {
  const camel = camelCase(name)
  return skeleton
    .replaceAll('@file@', name)
    .replaceAll('@name@', camel)
    .replaceAll('@Name@', camel.charAt(0).toUpperCase() + camel.slice(1))
}

/** Import the member after the last import of its folder or before, and append it to the file's first array. */
function addToRegistry(text: string, specifier: string, name: string): string {
  const member = camelCase(name)
  const line = `import { ${member} } from '${specifier}'\n`
  const imports = [...text.matchAll(/^import .*? from '(.+)'\n/gm)]
  const before = imports.findLast(([, other = '']) => other < specifier) ?? imports.at(-1)
  const at = before ? before.index + before[0].length : 0
  return `${text.slice(0, at)}${line}${text.slice(at)}`.replace(
    /^(export const [A-Z]+: readonly \w+\[\] = \[)([^\]]*?),?(\s*\])/m,
    (_, open: string, members: string, close: string) =>
      `${open}${members}${members ? ', ' : ''}${member}${close}`,
  )
}

/** Add a line under the first `### Added`, which is the unreleased one. */
function addToChangelog(text: string, line: string): string {
  return text.replace(/### Added\n\n(?:- .*\n)*/, (added) => `${added}- ${line}\n`)
}
