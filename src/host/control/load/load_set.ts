// All that is needed to load a capture kernel, and to load it once more later: written down as JSON when it is loaded.
import { existsSync, readFileSync } from 'node:fs'
import { FormatError } from '../../../core/base/errors.ts'
import { renameDurably, writeDurably } from '../../platform/durable_file.ts'
import { Members } from '../../platform/members.ts'
import type { MoreWords } from './capture_cmdline.ts'
import { DEFAULT_LOAD_SETTINGS, type LoadSettings } from '../config/load_settings.ts'

/** A kernel, an image, a command line. */
export interface LoadSet {
  /** Release of the capture kernel. */
  readonly release: string
  /** Kernel file as the load takes it. */
  readonly kernel: string
  /** The capture image. */
  readonly image: string
  readonly cmdline: string
  /** Words of the command line beside those of the settings. */
  readonly words: MoreWords
  /** What the command line was made by, to make it anew; and which system call loads. */
  readonly settings: LoadSettings
}

/** Write a load set down, with members of the caller's beside it. */
export function writeLoadSet(file: string, set: LoadSet, more: object = {}): void {
  writeDurably(`${file}.tmp`, [`${JSON.stringify({ version: 1, ...set, ...more }, null, 2)}\n`])
  renameDurably(`${file}.tmp`, file)
}

/** Read what `writeLoadSet` wrote; undefined where there is none. @throws {FormatError} if it is damaged */
export function readLoadSet(file: string): LoadSet | undefined {
  if (!existsSync(file)) return undefined
  return parseLoadSet(Members.parse(file, readFileSync(file, 'utf8')), file)
}

/** Parse a load set's members. @throws {FormatError} naming the one that is missing or of the wrong kind */
export function parseLoadSet(read: Members, file: string): LoadSet {
  if (read.number('version') !== 1) throw new FormatError(file, 0, 'version is not 1')
  return {
    release: read.string('release'),
    kernel: read.string('kernel'),
    image: read.string('image'),
    cmdline: read.string('cmdline'),
    words: parseWords(read.object('words')),
    settings: parseSettings(read.object('settings')),
  }
}

function parseWords(read: Members): MoreWords {
  return { image: read.string('image'), asked: read.string('asked') }
}

function parseSettings(read: Members): LoadSettings {
  return {
    ...DEFAULT_LOAD_SETTINGS,
    kernel: read.string('kernel'),
    base: read.string('base'),
    remove: read.has('remove') ? read.strings('remove') : undefined,
    append: read.has('append') ? read.string('append') : undefined,
    extra: read.string('extra'),
    kexecMode: read.oneOf('kexecMode', ['', '-s', '-c', '-a']),
    cpus: read.has('cpus') ? read.number('cpus') : undefined,
  }
}
