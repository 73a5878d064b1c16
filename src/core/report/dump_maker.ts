// Who made a dump, and with which options, as far as the file tells.
// Source: makedumpfile(8), QEMU dump/dump.c, Linux fs/proc/vmcore.c.
import type { CodecUse } from '../dump/dump_description.ts'
import type { DumpInfo, DumpInfoMaker } from './dump_info.ts'

const CODEC_OPTIONS: Readonly<Partial<Record<CodecUse['codec'], string>>> = {
  zlib: '-c',
  lzo: '-l',
  snappy: '-p',
  zstd: '-z',
}

/** Guess the maker of a dump by what else is known of it. */
export function guessMaker(info: Omit<DumpInfo, 'maker'>): DumpInfoMaker {
  if ('QEMU' in info.notes.byName) {
    return { tool: 'QEMU', command: `dump-guest-memory, format ${qemuFormat(info)}` }
  }
  if (info.format.name === 'kdump-compressed') return guessCompressed(info)
  if (info.format.name === 'lime') return { tool: 'LiME', command: 'format=lime' }
  if (info.format.name === 'avml') return { tool: 'AVML', command: 'avml --compress' }
  if (info.format.name !== 'elf') return { tool: 'unknown', command: '' }
  if (info.format.isLive) return { tool: 'the kernel', command: '/proc/kcore' }
  if (info.memory.excludedPages === 0 && info.format.container === null)
    return { tool: 'the kernel', command: 'a copy of /proc/vmcore' }
  return { tool: 'makedumpfile', command: join('makedumpfile', '-E', ...commonOptions(info)) }
}

function guessCompressed(info: Omit<DumpInfo, 'maker'>): DumpInfoMaker {
  const isOurs = info.storage?.order === 'priority'
  const level = info.dumpLevel === null ? '' : `-d ${info.dumpLevel}`
  const options = [codecOption(info), level, ...commonOptions(info)]
  if (isOurs) return { tool: 'kbox', command: join('kbox makedumpfile', ...options) }
  return { tool: 'makedumpfile', command: join('makedumpfile', ...options) }
}

function commonOptions({ format, eraseinfo }: Omit<DumpInfo, 'maker'>): string[] {
  return [
    format.container === 'flattened' ? '-F' : '',
    format.part ? '--split' : '',
    eraseinfo.length > 0 ? '--config' : '',
  ]
}

function qemuFormat({ format, storage }: Omit<DumpInfo, 'maker'>): string {
  if (format.name !== 'kdump-compressed') return format.name
  const codec = storage?.codecs.find((use) => use.codec !== 'raw')?.codec ?? 'zlib'
  return `kdump-${format.container === 'flattened' ? '' : 'raw-'}${codec}`
}

/** Pages that do not shrink are raw whatever the option was. */
function codecOption({ storage }: Omit<DumpInfo, 'maker'>): string {
  const packed = storage?.codecs.find(({ codec }) => codec !== 'raw')
  return (packed && CODEC_OPTIONS[packed.codec]) ?? ''
}

const join = (...words: readonly string[]): string => words.filter((word) => word !== '').join(' ')
