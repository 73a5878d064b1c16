// What sysctl.d says: which file sets a key last, as systemd-sysctl and `sysctl --system` read them.
// Source: sysctl.d(5), sysctl.conf(5).
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { listNames } from '../../platform/fact_tree.ts'

/** One assignment of a file. */
export interface SysctlLine {
  /** With dots. */
  readonly key: string
  readonly value: string
  /** From the root. */
  readonly file: string
  /** From 1. */
  readonly line: number
}

/** A file in an earlier folder hides one of the same name in a later one. */
const FOLDERS = [
  'etc/sysctl.d',
  'run/sysctl.d',
  'usr/local/lib/sysctl.d',
  'usr/lib/sysctl.d',
  'lib/sysctl.d',
]
/** procps reads it behind all others; Debian links it as 99-sysctl.conf for systemd. */
const LAST = 'etc/sysctl.conf'

/** Yield all assignments in the order in which they take effect: the last of a key wins. @param root where etc/ is found */
export function* forEachSysctlLine(root = '/'): Generator<SysctlLine> {
  const files = new Map<string, string>()
  for (const folder of FOLDERS) {
    for (const name of listNames(path.join(root, folder))) {
      if (name.endsWith('.conf') && !files.has(name)) files.set(name, path.join(folder, name))
    }
  }
  // Names are compared as bytes, whatever the language.
  const names = [...files.keys()].toSorted((a, b) => (a < b ? -1 : 1))
  for (const file of [...names.map((name) => files.get(name) ?? ''), LAST])
    yield* parseSysctl(readText(path.join(root, file)), file)
}

/** Yield the assignments of one file. */
export function* parseSysctl(text: string, file: string): Generator<SysctlLine> {
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    // A dash in front: no error if the key cannot be set.
    const [, key = '', value = ''] = /^-?\s*([^=\s]+)\s*=\s*(.*)$/.exec(line) ?? []
    if (key !== '') yield { key: normalizeKey(key), value, file, line: index + 1 }
  }
}

/** `kernel/panic` is `kernel.panic`; which separator comes first decides what the other one means. */
function normalizeKey(key: string): string {
  const [separator] = /[./]/.exec(key) ?? []
  if (separator !== '/') return key
  return key.replaceAll(/[./]/g, (one) => (one === '/' ? '.' : '/'))
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
