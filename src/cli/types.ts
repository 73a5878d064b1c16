// kbox types: the structs of a dumped kernel as a declaration file, so that scripts are checked against it.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from '../api/open.ts'
import { UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { renderKernelTypes } from '../core/render/render_kernel_types.ts'

const OPTIONS = {
  only: { type: 'string', multiple: true },
  output: { type: 'string', short: 'o' },
} as const

/**
 * Run `kbox types [--only STRUCT,…] [-o FOLDER] VMCORE…`.
 *
 * @returns the exit code
 * @throws {NotFoundError} if the dump has no types
 */
export function typesMain(argv: readonly string[]): number {
  const { values, operands } = parseOptions(OPTIONS, argv)
  if (operands.length === 0) throw new UsageError('a VMCORE is missing')
  using program = open(...operands)
  const only = values.only.flatMap((names) => names.split(',')).filter((name) => name !== '')
  const lines = renderKernelTypes(program, only.length > 0 ? { only } : {})
  // All of it before any is written: a dump without types leaves no half.
  const text = `${[...lines].join('\n')}\n`
  if (values.output === undefined) process.stdout.write(text)
  else writeProject(values.output, text)
  return 0
}

/** Write kernel.d.ts, and unless there is one a tsconfig.json by which tsc and editors find it and 'kbox'. */
export function writeProject(folder: string, types: string, kbox = declarations()): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'kernel.d.ts'), types)
  const config = path.join(folder, 'tsconfig.json')
  if (existsSync(config)) return
  writeFileSync(config, `${JSON.stringify(projectConfig(kbox), null, 2)}\n`)
  writeFileSync(path.join(folder, 'process.d.ts'), PROCESS)
}

/** What a script needs of Node where nobody has installed @types/node. */
const PROCESS = `declare const process: {
  argv: string[]
  env: Record<string, string | undefined>
  exitCode: number | undefined
  stdout: { write(data: string | Uint8Array): boolean }
}
`

/** What a script for `kbox run` is compiled with. */
function projectConfig(kbox: string): object {
  return {
    compilerOptions: {
      target: 'es2024',
      lib: ['es2024', 'esnext.disposable', 'esnext.iterator', 'dom'],
      module: 'nodenext',
      moduleDetection: 'force',
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      erasableSyntaxOnly: true,
      allowImportingTsExtensions: true,
      types: [],
      paths: { kbox: [kbox] },
    },
    include: ['*.ts'],
  }
}

/** Beside the bundle; in a checkout, where the build puts them. */
function declarations(): string {
  const isSource = import.meta.url.endsWith('.ts')
  const file = isSource ? '../../dist/types/api/kbox.d.ts' : '../types/api/kbox.d.ts'
  return fileURLToPath(new URL(file, import.meta.url))
}
