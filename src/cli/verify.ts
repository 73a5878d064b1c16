// kbox verify: dumps against their manifests, an access log against itself, as text or JSON.
import path from 'node:path'
import { KdumpError, UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { checkSignature, type SignatureCheck } from '../host/control/evidence/sign_manifest.ts'
import {
  type CheckedFile,
  type CheckedFolder,
  isUnchanged,
  verifyFolder,
} from '../host/control/evidence/verify_folder.ts'
import { verifyLog } from '../host/control/evidence/verify_log.ts'
import { AGE_SUFFIX } from '../host/platform/age/age_magic.ts'
import { openDumpFile, unlockFiles } from '../host/platform/age/unlock.ts'
import { withNotedAccess } from './noted_access.ts'

const OPTIONS = {
  key: { type: 'string' },
  identity: { type: 'string' },
  log: { type: 'string' },
  head: { type: 'string' },
  json: { type: 'boolean' },
} as const

const EXIT_DIFFERS = 1
const EXIT_UNPROVED = 3
const READ_SIZE = 1 << 20

/** What `--json` prints for one folder. */
interface Verdict {
  readonly directory: string
  readonly manifest: string
  readonly capturedAt: string
  readonly complete: boolean
  readonly files: readonly CheckedFile[]
  readonly extras: CheckedFolder['extras']
  readonly signature: SignatureCheck
  /** Encrypted files read to their end with the key, and what was wrong with them; '' for nothing. */
  readonly decrypted: readonly { readonly name: string; readonly problem: string }[]
  readonly exitCode: number
}

/**
 * Run `kbox verify`.
 *
 * @returns the exit code: 0 as recorded, 1 different, 3 not all is proved
 */
export async function verifyMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions(OPTIONS, argv)
  if (values.log !== undefined) return checkLog(values.log, values.head, values.json)
  if (operands.length === 0) throw new UsageError('a DIR is missing')
  const verdicts: Verdict[] = []
  for (const directory of operands) {
    const action = { action: 'verify', verb: 'verify' } as const
    const verdict = await withNotedAccess(
      action,
      [directory],
      () => verifyOne(directory, values.key, values.identity),
      { resultOf: ({ exitCode }) => (exitCode === EXIT_DIFFERS ? 'different' : 'ok') },
    )
    verdicts.push(verdict)
    if (!values.json) process.stdout.write(formatVerdict(verdict))
  }
  if (values.json)
    process.stdout.write(`${JSON.stringify({ version: 1, folders: verdicts }, null, 2)}\n`)
  const codes = verdicts.map(({ exitCode }) => exitCode)
  return codes.includes(EXIT_DIFFERS) ? EXIT_DIFFERS : Math.max(...codes)
}

function checkLog(file: string, wantedHead: string | undefined, isJson: boolean): number {
  const checked = verifyLog(file, wantedHead)
  const { lineCount, head, problems, hasHead } = checked
  const isGood = problems.length === 0 && hasHead
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ version: 1, log: file, ...checked }, null, 2)}\n`)
    return isGood ? 0 : EXIT_DIFFERS
  }
  const rows = [
    ...problems.map(({ line, what }) => `  line ${line}: ${what}`),
    ...(hasHead ? [] : [`  no line has the hash ${wantedHead ?? ''}: the end was cut off`]),
    `  head ${head}`,
  ]
  const verdict = isGood ? 'each follows the one before' : 'DIFFERENT'
  process.stdout.write(`${file}: ${lineCount} lines, ${verdict}\n${rows.join('\n')}\n`)
  return isGood ? 0 : EXIT_DIFFERS
}

async function verifyOne(
  directory: string,
  key: string | undefined,
  identity: string | undefined,
): Promise<Verdict> {
  const folder = verifyFolder(directory)
  const { manifest, files, extras } = folder
  const signature = checkSignature(directory, manifest, key)
  const decrypted = identity === undefined ? [] : await decryptAll(directory, folder, identity)
  const isGood =
    isUnchanged(folder) &&
    isAccepted(signature, key !== undefined) &&
    decrypted.every(({ problem }) => problem === '')
  const isProved = files.every(({ state }) => state === 'same')
  const { id, capturedAt, complete } = manifest
  return {
    ...{ directory, manifest: id, capturedAt, complete, files, extras, signature, decrypted },
    exitCode: isGood ? (isProved ? 0 : EXIT_UNPROVED) : EXIT_DIFFERS,
  }
}

function isAccepted({ state }: SignatureCheck, isAsked: boolean): boolean {
  return isAsked ? state === 'trusted' : state !== 'bad'
}

/** Read the encrypted files to their end: each chunk is checked by that. */
async function decryptAll(
  directory: string,
  { files }: CheckedFolder,
  identity: string,
): Promise<Verdict['decrypted']> {
  const results: { name: string; problem: string }[] = []
  for (const { name, state } of files) {
    if (!name.includes(AGE_SUFFIX) || state === 'missing') continue
    results.push({ name, problem: await decryptOne(path.join(directory, name), identity) })
  }
  return results
}

async function decryptOne(file: string, identity: string): Promise<string> {
  try {
    await unlockFiles([file], identity)
    using source = openDumpFile(file)
    const piece = new Uint8Array(READ_SIZE)
    for (let at = 0; at < source.size; at += piece.length) source.read(at, piece)
    return source.isCut === true ? `${file}: cut: its last chunk is missing or damaged` : ''
  } catch (error) {
    if (error instanceof KdumpError) return error.message
    throw error
  }
}

function formatVerdict(verdict: Verdict): string {
  const { directory, capturedAt, complete, files, extras, signature, decrypted } = verdict
  const rows = [
    ...files.map((file): [string, string] => [STATE[file.state], describeFile(file)]),
    ...extras.map(({ name, why }): [string, string] =>
      why === '' ? ['UNNAMED', `${name}: not in the manifest`] : ['beside', `${name}: ${why}`],
    ),
    ...decrypted.map(({ name, problem }): [string, string] =>
      problem === '' ? ['decrypts', `${name}: every chunk`] : ['DAMAGED', problem],
    ),
    ['signature', describeSignature(signature)] as const,
  ]
  const head = `${directory}: crash of ${capturedAt}${complete ? '' : ', INCOMPLETE dump'}`
  const end = { 0: 'as it was recorded', 1: 'DIFFERENT', 3: 'as far as it was recorded' }
  return [
    head,
    ...rows.map(([what, text]) => `  ${what.padEnd(9)}  ${text}`),
    `  ${end[verdict.exitCode === 0 ? 0 : verdict.exitCode === 1 ? 1 : 3]}`,
    '',
  ].join('\n')
}

const STATE: Readonly<Record<CheckedFile['state'], string>> = {
  same: 'same',
  unsummed: 'no sum',
  missing: 'MISSING',
  size: 'SIZE',
  sum: 'CHANGED',
  'no-file': 'NO FILE',
}

function describeFile({ name, state, sizeBytes, sha256, found }: CheckedFile): string {
  switch (state) {
    case 'same':
      return `${name}  ${sizeBytes} bytes, SHA-256 ${sha256 ?? ''}`
    case 'unsummed':
      return `${name}  ${sizeBytes} bytes; the target could not tell a sum in time`
    case 'missing':
      return `${name}  ${sizeBytes} bytes were recorded`
    case 'size':
      return `${name}  ${found}, ${sizeBytes} were recorded`
    case 'sum':
      return `${name}  ${found}${sha256 === undefined ? '' : `, recorded was ${sha256}`}`
    case 'no-file':
      return `${name}  ${found}`
  }
}

function describeSignature({ state, fingerprint, owner, why }: SignatureCheck): string {
  switch (state) {
    case 'none':
      return 'none'
    case 'trusted':
      return `good, by ${owner === '' ? '' : `${owner}, `}${fingerprint}`
    case 'valid':
      return `good, by ${fingerprint}; --key tells whom to trust`
    case 'unknown':
      return `good, but by ${fingerprint}: ${why}`
    case 'bad':
      return `BAD: ${why}`
  }
}
