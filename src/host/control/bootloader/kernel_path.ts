// Which release a kernel file is, by its path. Source: kdump-utils kdump-lib.sh parse_kver_from_path(), the Boot Loader
// Specification.

/** Forms of paths: the usual one, the Boot Loader Specification's, a unified kernel image. */
const FORMS: readonly RegExp[] = [
  /\/vmlinu[xz]-([^/]+)$/,
  /\/[\da-f]{32}\/([^/]+)\/(?:linux|vmlinuz)$/,
  /\/[^/]+\/(\d[^/]*)\/(?:linux|vmlinuz)$/,
  /\/EFI\/Linux\/[\da-f]{32}-([^/]+?)(?:\+\d+(?:-\d+)?)?\.efi$/i,
  /\/modules\/([^/]+)\/vmlinuz$/,
  /\/vmlinuz-([^/]+?)\.efi$/,
]

/** Tell the release of a kernel by its path; '' if the path does not say. `+64k` and the like belong to it. */
export function releaseOfKernel(file: string): string {
  for (const form of FORMS) {
    const release = form.exec(file)?.[1]
    if (release !== undefined) return release
  }
  return ''
}

/** Order names with versions in them, newest first, as `sort -rV` does; a `~` is older than nothing. */
export function compareNewestFirst(a: string, b: string): number {
  const left = b.match(VERSION_PARTS) ?? []
  const right = a.match(VERSION_PARTS) ?? []
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [x, y] = [left[index] ?? '', right[index] ?? '']
    if (x === y) continue
    if (x.startsWith('~') !== y.startsWith('~')) return x.startsWith('~') ? -1 : 1
    const [m, n] = [Number(x), Number(y)]
    if (x !== '' && y !== '' && !Number.isNaN(m) && !Number.isNaN(n) && m !== n) return m - n
    return x < y ? -1 : 1
  }
  return 0
}

const VERSION_PARTS = /\d+|~|[^\d~]+/g
