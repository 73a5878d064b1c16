// Directives about a dump as evidence: who may read it, who signs for it, how long it stays, who looked at it. All ours.
import { checkRecipient } from '../../../platform/age/recipient.ts'
import { memparse } from '../../crashkernel/memparse.ts'
import type { ConfLine } from '../kdump_conf_lexer.ts'
import type { ConfRetention } from '../kdump_conf_model.ts'
import { type ConfReading, type Directive, refuseValue, valueWord } from './directive.ts'

const DAYS_MAX = 36_500

function addRecipients({ builder }: ConfReading, line: ConfLine): void {
  const word = valueWord(line)
  for (const { 0: recipient, index } of line.value.matchAll(/\S+/g)) {
    const place = { ...word, column: word.column + index, value: recipient }
    const problem = checkRecipient(recipient)
    if (problem) {
      const shown = problem.isSecret ? { ...place, value: '' } : place
      builder.error(
        shown,
        `Invalid age recipient in option 'encrypt_to': ${problem.what}`,
        problem.remedy,
      )
    } else builder.set('encryptTo', [...builder.conf.encryptTo, recipient], place)
  }
}

/** A directive that limits what is kept. */
const limit = (
  name: string,
  member: keyof ConfRetention,
  [value, summary]: readonly [string, string],
  parse: (text: string) => number | undefined,
): Directive => ({
  ...{ name, origin: 'kbox', value, summary },
  apply(reading, line) {
    const { builder } = reading
    const number = parse(line.value)
    if (number === undefined) refuseValue(reading, line, `write '${name} ${value}'`)
    else builder.set('retention', { ...builder.conf.retention, [member]: number }, valueWord(line))
  },
})

function parseCount(text: string, max = 1_000_000): number | undefined {
  const number = /^\d{1,7}$/.test(text) ? Number(text) : 0
  return number >= 1 && number <= max ? number : undefined
}

function parseBytes(text: string): number | undefined {
  const { value, end } = memparse(text, 0)
  const bytes = Number(value)
  return end === text.length && bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined
}

function setAccessLog(reading: ConfReading, line: ConfLine): void {
  const [file = '', word, ...more] = line.value.split(/\s+/)
  if (!file.startsWith('/') || more.length > 0 || (word !== undefined && word !== 'required')) {
    refuseValue(
      reading,
      line,
      "write an absolute path, and 'required' behind it if nothing may be opened unlogged",
    )
    return
  }
  reading.builder.set('accessLog', { file, isRequired: word === 'required' }, valueWord(line))
}

/** In the order of the documentation. */
export const EVIDENCE_DIRECTIVES: readonly Directive[] = [
  {
    ...{ name: 'encrypt_to', origin: 'kbox', value: 'age1…', key: '' },
    summary:
      'encrypt dump and log to these public keys of age before they are written; may be repeated',
    apply: addRecipients,
  },
  {
    ...{ name: 'sign_key', origin: 'kbox', value: 'FILE' },
    summary: 'ed25519 SSH key that signs the manifest after the boot',
    apply(reading, line) {
      if (line.value.startsWith('/')) reading.builder.set('signKey', line.value, valueWord(line))
      else refuseValue(reading, line, 'write the absolute path of a private key')
    },
  },
  limit('retain_count', 'count', ['N', 'keep the newest N dumps below path'], parseCount),
  limit(
    'retain_bytes',
    'bytes',
    ['SIZE', 'keep the newest dumps below path that fit into SIZE: 500M, 20G, 1T'],
    parseBytes,
  ),
  limit('retain_age', 'ageDays', ['DAYS', 'keep dumps below path for so many days'], (text) =>
    parseCount(text, DAYS_MAX),
  ),
  {
    ...{ name: 'access_log', origin: 'kbox', value: 'FILE [required]' },
    summary:
      'note who opens, exports, checks or removes a dump below path; required: no log, no access',
    apply: setAccessLog,
  },
  {
    ...{ name: 'auto_report', origin: 'kbox', value: 'yes|no' },
    summary: 'make the report beside the dump after the boot (yes)',
    apply(reading, line) {
      if (line.value !== 'yes' && line.value !== 'no')
        refuseValue(reading, line, "write 'yes' or 'no'")
      else reading.builder.set('autoReport', line.value === 'yes', valueWord(line))
    },
  },
]
