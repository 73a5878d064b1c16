// What ssh(1) would do with a host's name: aliases, ports and the like, from ~/.ssh/config and /etc/ssh/ssh_config.
// The first value of a keyword wins. Source: ssh_config(5).
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { matchesPattern } from './host_pattern.ts'

/** What the configuration says of one host. */
export interface SshSettings {
  /** What to connect to; the name itself if nothing else is said. */
  readonly hostName: string
  /** undefined: none is named. */
  readonly port: number | undefined
  /** Name under which keys are known, '' for hostName. */
  readonly hostKeyAlias: string
  /** ProxyJump or ProxyCommand, which a capture kernel has no ssh for; '' for neither. */
  readonly proxy: string
}

const INCLUDE_DEPTH_MAX = 16
const FILES_MAX = 64

/** Where a user's and the system's settings are. */
const USER_FOLDER = '/root/.ssh'
const SYSTEM_FOLDER = '/etc/ssh'

interface Reading {
  readonly host: string
  readonly user: string
  readonly root: string
  readonly values: Map<string, string>
  filesLeft: number
}

/** Read what root's ssh would use. @param root where /root and /etc are found */
export function readSshSettings(host: string, user: string, root = '/'): SshSettings {
  const reading: Reading = { host, user, root, values: new Map(), filesLeft: FILES_MAX }
  readFile(path.join(root, USER_FOLDER, 'config'), USER_FOLDER, reading, 0)
  readFile(path.join(root, SYSTEM_FOLDER, 'ssh_config'), SYSTEM_FOLDER, reading, 0)
  return settingsOf(reading)
}

/** Parse one file's text, without files it includes. */
export function parseSshConfig(text: string, host: string, user: string): SshSettings {
  const reading: Reading = { host, user, root: '/', values: new Map(), filesLeft: 0 }
  readText(text, '', reading, 0)
  return settingsOf(reading)
}

function settingsOf({ host, values }: Reading): SshSettings {
  const port = Number(values.get('port'))
  const hostName = (values.get('hostname') ?? host).replaceAll(/%[h%]/g, (token) =>
    token === '%h' ? host : '%',
  )
  const jump = values.get('proxyjump') ?? values.get('proxycommand') ?? 'none'
  return {
    hostName,
    port: Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined,
    hostKeyAlias: values.get('hostkeyalias') ?? '',
    proxy: jump.toLowerCase() === 'none' ? '' : jump,
  }
}

function readFile(file: string, folder: string, reading: Reading, depth: number): void {
  if (reading.filesLeft-- <= 0 || !existsSync(file)) return
  readText(readFileSync(file, 'utf8'), folder, reading, depth)
}

function readText(text: string, folder: string, reading: Reading, depth: number): void {
  let isActive = true
  for (const line of text.split('\n')) {
    const [keyword = '', ...words] = splitLine(line)
    switch (keyword.toLowerCase()) {
      case '':
        break
      case 'host':
        isActive = matchesPattern(words, reading.host)
        break
      case 'match':
        isActive = matchesAll(words, reading)
        break
      case 'include':
        if (isActive && depth < INCLUDE_DEPTH_MAX) include(words, folder, reading, depth)
        break
      default:
        if (isActive && !reading.values.has(keyword.toLowerCase()))
          reading.values.set(keyword.toLowerCase(), words.join(' '))
    }
  }
}

/** `Keyword value`, `Keyword=value`, `Keyword "a value"`. */
function splitLine(line: string): string[] {
  const [, keyword, rest = ''] = /^\s*([A-Za-z]\w*)(?:\s*=\s*|\s+|$)(.*)$/.exec(line) ?? []
  if (keyword === undefined) return []
  const words = [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain)
  return [keyword, ...words.filter((word) => word !== undefined)]
}

/** Criteria that depend on more than names, such as `exec`, hold for nobody. */
function matchesAll(words: readonly string[], { host, user, values }: Reading): boolean {
  for (let i = 0; i < words.length; i++) {
    const criterion = (words[i] ?? '').toLowerCase()
    if (criterion === 'all') continue
    const subject = { host: values.get('hostname') ?? host, originalhost: host, user }[criterion]
    if (subject === undefined || !matchesPattern((words[++i] ?? '').split(','), subject))
      return false
  }
  return words.length > 0
}

function include(words: readonly string[], folder: string, reading: Reading, depth: number): void {
  for (const word of words) {
    const pattern = word.replace(/^~\//, '/root/')
    const whole = path.join(reading.root, path.resolve(folder, pattern))
    for (const file of globSync(whole).sort()) readFile(file, folder, reading, depth + 1)
  }
}
