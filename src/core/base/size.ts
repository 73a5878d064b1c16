// Sizes of memory, as people read them.

const KIB = 1024

/** `511.5 MiB`, `4 GiB`, `512 bytes`: the largest unit that is not below 1, one decimal of the large ones unless it is 0. */
export function formatSize(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', KIB ** 3],
    ['MiB', KIB ** 2],
  ] as const) {
    if (bytes >= size) return `${oneDecimal(bytes / size).replace(/\.0$/, '')} ${unit}`
  }
  return bytes > 0 && bytes < KIB ? `${bytes} bytes` : `${Math.floor(bytes / KIB)} KiB`
}

/** As printf("%.1f") rounds: toFixed() takes the larger of two that are as near, 75.3 for 75.25. */
function oneDecimal(value: number): string {
  const tenths = value * 10
  const isTie = tenths % 1 === 0.5 && Math.floor(tenths) % 2 === 0
  return (isTie ? Math.floor(tenths) / 10 : value).toFixed(1)
}
