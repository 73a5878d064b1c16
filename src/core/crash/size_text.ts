// Sizes as crash writes them.

const KIB = 1024

/** `511.5 MB`, `4 GB`: the largest unit that is not below 1, one decimal unless it is 0. */
export function formatMemorySize(bytes: number): string {
  for (const [unit, size] of [
    ['GB', KIB ** 3],
    ['MB', KIB ** 2],
  ] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(1).replace(/\.0$/, '')} ${unit}`
  }
  return `${Math.floor(bytes / KIB)} KB`
}
