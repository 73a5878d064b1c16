// All about a dump's file, as text for a terminal.
import { formatSize } from '../../base/size.ts'
import type { DumpInfo } from '../dump_info.ts'
import { counted, labelled, plain, utc } from './lines.ts'

const LEVEL_WORDS: readonly (readonly [bit: number, text: string])[] = [
  [1, 'zero pages'],
  [2, 'cache'],
  [4, 'cache with private data'],
  [8, 'user data'],
  [16, 'free pages'],
]

/** Render as lines without newline; control characters of the dump's own words are shown as dots. */
export function renderDumpInfoText(info: DumpInfo): string[] {
  const { kernel, maker } = info
  return [
    `${info.file}: ${formatSize(info.fileBytes)}`,
    ...labelled([
      ['format', formatText(info)],
      ['made by', maker.command === '' ? maker.tool : `${maker.tool}: ${maker.command}`],
      ['kernel', [kernel.release ?? '(unknown)', kernel.machine ?? ''].join(' ').trim()],
      ['version', kernel.kernelVersion],
      ['host', kernel.nodename],
      ['crashed', kernel.crashTime === null ? null : utc(kernel.crashTime)],
      ['its clock', kernel.clock === null ? null : utc(kernel.clock)],
      ['memory', memoryText(info)],
      ['dump level', info.dumpLevel === null ? null : levelText(info.dumpLevel)],
      ...storageFields(info),
      ['notes', notesText(info)],
      ['VMCOREINFO', vmcoreinfoText(info)],
      ['phys_base', physBaseText(info)],
      ...info.eraseinfo.map((line) => ['erased', line] as const),
      ['complete', completeText(info)],
      ['examinable', kernel.problem === '' ? 'yes' : `no: ${kernel.problem}`],
    ]).map((line) => `  ${line}`),
  ].map(plain)
}

function formatText({ format }: DumpInfo): string {
  const { name, container, headerVersion, bits, byteOrder, isLive, part } = format
  return [
    container === null ? name : `${name}, ${container}`,
    ...(isLive ? ['a running machine'] : []),
    ...(part ? [`part of a split dump: frames ${range(part.pfnStart, part.pfnEnd)}`] : []),
    ...(headerVersion === null ? [] : [`header version ${headerVersion}`]),
    ...(bits === null ? [] : [`${bits}-bit`]),
    `${byteOrder}-endian`,
  ].join(', ')
}

function memoryText({ memory }: DumpInfo): string {
  const { pageBytes, ramPages, presentPages, excludedPages, holes, pfnEnd } = memory
  const excluded = excludedPages === 0 ? 'none excluded' : `${excludedPages} excluded`
  return (
    `${formatSize(ramPages * pageBytes)}: ${ramPages} pages of ${pageBytes} bytes, ` +
    `${presentPages} in the dump, ${excluded}; frames ${range(0, pfnEnd)}, ${counted(holes, 'hole')}`
  )
}

function levelText(level: number): string {
  const words = LEVEL_WORDS.filter(([bit]) => (level & bit) !== 0).map(([, text]) => text)
  return `${level}: ${words.length === 0 ? 'everything is kept' : `without ${words.join(', ')}`}`
}

function storageFields({ storage, memory }: DumpInfo): (readonly [string, string | null])[] {
  if (!storage) return []
  const { codecs, zeroPages, sharedPages, storedBytes, ratio, order } = storage
  const shared = [
    ...(zeroPages ? [`${zeroPages} are of zeros and share one`] : []),
    ...(sharedPages ? [`${sharedPages} share the data of another`] : []),
  ]
  return [
    ...codecs.map(
      ({ codec, pages, bytes }, index) =>
        [
          index === 0 ? 'pages' : '',
          `${codec.padEnd(6)} ${String(pages).padStart(9)}  ${formatSize(bytes)}`,
        ] as const,
    ),
    ['shared', shared.length === 0 ? null : shared.join(', ')],
    [
      'stored',
      `${formatSize(storedBytes)}${ratio === null ? '' : `, ${(ratio * 100).toFixed(1)} % of ${formatSize(pagesOf(codecs) * memory.pageBytes)}`}`,
    ],
    ['order', order === 'pfn' ? 'by page frame number' : 'what matters first'],
  ]
}

const pagesOf = (codecs: readonly { readonly pages: number }[]): number =>
  codecs.reduce((sum, { pages }) => sum + pages, 0)

function notesText({ notes }: DumpInfo): string {
  const names = Object.entries(notes.byName).map(([name, count]) => `${count} ${name}`)
  const cpus = notes.cpus === 0 ? 'no registers' : `registers of ${counted(notes.cpus, 'CPU')}`
  return names.length === 0 ? 'none' : `${cpus} (${names.join(', ')})`
}

function vmcoreinfoText({ vmcoreinfo }: DumpInfo): string {
  if (!vmcoreinfo) return 'none'
  const where = {
    note: 'in an ELF note',
    header: 'where the header says',
    memory: `in memory: ${vmcoreinfo.search}`,
  }
  return `${vmcoreinfo.bytes} bytes, ${vmcoreinfo.lines} lines, ${where[vmcoreinfo.found]}`
}

function physBaseText({ physBase }: DumpInfo): string | null {
  const { header, vmcoreinfo, differ } = physBase
  if (differ) return `${vmcoreinfo} by VMCOREINFO; the header's ${header} is wrong`
  return vmcoreinfo ?? header
}

function completeText({ completeness }: DumpInfo): string {
  const { complete, lostPages, reason } = completeness
  if (complete) return 'yes'
  return `no: ${reason}${lostPages > 0 ? `; ${counted(lostPages, 'page')} lost` : ''}`
}

const range = (start: number, end: number): string =>
  end > start ? `0x${start.toString(16)}-0x${(end - 1).toString(16)}` : 'none'
