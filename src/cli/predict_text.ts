// What --mem-usage and --dry-run print: makedumpfile's table of page classes, and ours of predicted sizes below it.
import type { Prediction, PredictedClass, StoredAs } from '../host/capture/predict.ts'

/** makedumpfile's rows: name with its tabs, and what it says of them. */
const ROWS: readonly (readonly [name: string, of: PredictedClass, description: string])[] = [
  ['NON_PRI_CACHE\t', 'cache', 'Cache pages without private flag'],
  ['PRI_CACHE\t', 'cachePrivate', 'Cache pages with private flag'],
  ['USER\t\t', 'user', 'User process pages'],
  ['FREE\t\t', 'free', 'Free pages'],
]
const NUMBER_WIDTH = 16
/** Levels people use: each class on its own, the usual steps, all. */
const LEVELS = [0, 1, 3, 7, 9, 15, 16, 17, 23, 31]

/**
 * makedumpfile's table, word for word.
 *
 * Its ZERO are pages of zeros that nothing else excludes; where the sample did not see all of them it is an estimate.
 *
 * @param pageSize bytes
 * @source makedumpfile.c print_mem_usage()
 */
export function formatMemUsage({ classes }: Prediction, pageSize: number): string {
  const { kernel } = classes
  const total = Object.values(classes).reduce((sum, { pages }) => sum + pages, 0)
  const row = (name: string, pages: number, excludable: string, description: string): string =>
    `${name}${String(pages).padEnd(NUMBER_WIDTH)}\t${excludable}\t\t${description}\n`
  return [
    '\nTYPE\t\tPAGES\t\t\tEXCLUDABLE\tDESCRIPTION\n',
    `${'-'.repeat(70)}\n`,
    row('ZERO\t\t', kernel.zeroPages, 'yes', 'Pages filled with zero'),
    ...ROWS.map(([name, of, description]) => row(name, classes[of].pages, 'yes', description)),
    row('KERN_DATA\t', kernel.pages - kernel.zeroPages, 'no', 'Dumpable kernel data '),
    '\n',
    `page size:\t\t${String(pageSize).padEnd(NUMBER_WIDTH)}\n`,
    `Total pages on system:\t${String(total).padEnd(NUMBER_WIDTH)}\n`,
    `Total size on system:\t${String(total * pageSize).padEnd(NUMBER_WIDTH)} Byte\n`,
  ].join('')
}

/** Predicted file sizes by level and codec, in MB of 1000000 bytes, each with its error. */
export function formatPrediction(
  prediction: Prediction,
  levels: readonly number[] = LEVELS,
): string {
  const { codecs } = prediction
  const head = `LEVEL${codecs.map((codec) => titleOf(codec).padStart(18)).join('')}\n`
  const rows = levels.map((level) => {
    const cells = codecs.map((codec) => {
      const { size, error } = prediction.sizeOf(level, codec)
      return `${megabytes(size)} ± ${megabytes(error).padStart(5)}`.padStart(18)
    })
    return `${String(level).padStart(5)}${cells.join('')}\n`
  })
  return `\nPredicted size of the dump, MB (within ± in 95 of 100 cases)\n${head}${rows.join('')}`
}

/** makedumpfile's letters; what it does not have has none. */
const OPTION_OF: Readonly<Record<string, string>> = {
  zlib: ' -c',
  lzo: ' -l',
  snappy: ' -p',
  zstd: ' -z',
}

function titleOf(codec: StoredAs): string {
  return `${codec}${OPTION_OF[codec] ?? ''}`
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
