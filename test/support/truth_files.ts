// Parsers of the files that a guest's truth holds in the kernel's own format: see src/host/rehearse/guest_truth.ts.
// Each takes a file's text and yields one object a line, in the file's order. Source: Documentation/filesystems/proc.rst.

/** A line of /proc/slabinfo. @source mm/slab_common.c slabinfo_show() */
export interface SlabInfo {
  readonly name: string
  readonly activeObjects: number
  readonly objects: number
  readonly objectSize: number
  readonly objectsPerSlab: number
  readonly pagesPerSlab: number
  readonly slabs: number
}

/** Parse slabinfo, which shows merged caches once. */
export function parseSlabInfo(text: string): SlabInfo[] {
  return lines(text)
    .filter((line) => !/^(#|slabinfo )/.test(line))
    .map((line) => {
      const words = line.split(/\s+/)
      const number = (index: number): number => Number(words[index])
      return {
        name: words[0] ?? '',
        activeObjects: number(1),
        objects: number(2),
        objectSize: number(3),
        objectsPerSlab: number(4),
        pagesPerSlab: number(5),
        // `: tunables A B C : slabdata ACTIVE SLABS SHARED`.
        slabs: number(14),
      }
    })
}

/** A line of /proc/interrupts. */
export interface Interrupt {
  /** A number, or letters such as `NMI`. */
  readonly irq: string
  /** One a CPU that is online; one in all for `ERR` and `MIS`. */
  readonly counts: readonly number[]
  /** Chip, hardware number and names of actions, as they stand there; '' without. */
  readonly rest: string
  /** Names of the actions, for a number's line. */
  readonly actions: readonly string[]
}

/** Parse interrupts. @source kernel/irq/proc.c show_interrupts() */
export function parseInterrupts(text: string): Interrupt[] {
  const [head = '', ...rows] = text.split('\n')
  const cpus = head.trim().split(/\s+/).length
  return rows
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':')
      const words = line
        .slice(colon + 1)
        .trim()
        .split(/\s+/)
      const count = words.slice(0, cpus).findIndex((word) => !/^\d+$/.test(word))
      const counts = words.slice(0, count < 0 ? cpus : count).map(Number)
      const irq = line.slice(0, colon).trim()
      const rest = words.slice(counts.length).join(' ')
      // `IO-APIC   2-edge      timer`: two or more blanks stand before the actions.
      const tail = /^\s*\S+\s+\S+\s+(?:Edge\s+|Level\s+|Fasteoi\s+)?(.*)$/.exec(
        afterCounts(line, colon + 1, counts.length),
      )
      const actions = /^\d+$/.test(irq) && tail?.[1] ? tail[1].trim().split(', ') : []
      return { irq, counts, rest, actions }
    })
}

function afterCounts(line: string, from: number, counts: number): string {
  return line.slice(from).replace(new RegExp(`^(?:\\s*\\d+){${counts}}(?=\\s|$)`), '')
}

/** A line of /proc/net/tcp, tcp6, udp, udp6, raw. */
export interface InetSocket {
  /** `127.0.0.1:8080`, `[::1]:8080`; port 0 where there is none. */
  readonly local: string
  readonly remote: string
  /** TCP_ESTABLISHED is 1, TCP_LISTEN 10; <net/tcp_states.h>. */
  readonly state: number
  readonly sendQueue: number
  readonly receiveQueue: number
  readonly uid: number
  readonly inode: number
  /** struct sock, or its hash. */
  readonly sock: bigint
}

/** Parse net/tcp and its like. @source net/ipv4/tcp_ipv4.c get_tcp4_sock(), net/ipv6/tcp_ipv6.c get_tcp6_sock() */
export function parseInetSockets(text: string): InetSocket[] {
  return rowsBelowHead(text).map((words) => {
    const [send = '', receive = ''] = (words[4] ?? '').split(':')
    return {
      local: decodeEndpoint(words[1] ?? ''),
      remote: decodeEndpoint(words[2] ?? ''),
      state: Number.parseInt(words[3] ?? '', 16),
      sendQueue: Number.parseInt(send, 16),
      receiveQueue: Number.parseInt(receive, 16),
      uid: Number(words[7]),
      inode: Number(words[9]),
      sock: hex(words[11]),
    }
  })
}

/** `0100007F:1F90`: 32-bit words in the machine's byte order, little endian here; the port is a number. */
function decodeEndpoint(text: string): string {
  const [address = '', port = ''] = text.split(':')
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).reverse(),
  )
  const host = bytes.length === 4 ? bytes.join('.') : `[${formatIpv6(bytes)}]`
  return `${host}:${Number.parseInt(port, 16)}`
}

/** Format as RFC 5952 has it: the longest run of zeroes, the first of equals, becomes `::`. */
export function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  ).join(':')
  const runs = Array.from(groups.matchAll(/\b0(?::0)+\b/g), (match) => match[0])
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '')
  return longest === '' ? groups : groups.replace(new RegExp(`(?:^|:)${longest}(?:$|:)`), '::')
}

/** A line of /proc/net/unix. */
export interface UnixSocket {
  readonly sock: bigint
  readonly references: number
  readonly flags: number
  /** SOCK_STREAM is 1, SOCK_DGRAM 2. */
  readonly type: number
  /** Of the socket: SS_UNCONNECTED is 1, SS_CONNECTED 3. */
  readonly state: number
  readonly inode: number
  /** '' without; an abstract name begins with `@`. */
  readonly path: string
}

/** Parse net/unix. @source net/unix/af_unix.c unix_seq_show() */
export function parseUnixSockets(text: string): UnixSocket[] {
  return lines(text)
    .slice(1)
    .flatMap((line) => {
      const match =
        /^([\da-f]+): ([\dA-F]+) [\dA-F]+ ([\dA-F]+) ([\dA-F]+) ([\dA-F]+) +(\d+) ?(.*)$/.exec(line)
      if (!match) return []
      const [, sock, references = '', flags = '', type = '', state = '', inode, path = ''] = match
      const number = (digits: string): number => Number.parseInt(digits, 16)
      return {
        sock: hex(sock),
        references: number(references),
        flags: number(flags),
        type: number(type),
        state: number(state),
        inode: Number(inode),
        path,
      }
    })
}

/** A line of /proc/net/netlink or net/packet, by the column names of its head. */
export type Row = Readonly<Record<string, string>>

/** Parse a table with one line of column names, none of whose cells has a blank: net/netlink, net/packet, sysvipc/*, swaps. */
export function parseTable(text: string): Row[] {
  const names = (text.split('\n')[0] ?? '').trim().split(/\s+/)
  return rowsBelowHead(text).map((words) =>
    Object.fromEntries(names.map((name, index) => [name, words[index] ?? ''])),
  )
}

/** A line of /proc/net/dev. */
export interface NetDevice {
  readonly name: string
  readonly rxBytes: number
  readonly rxPackets: number
  readonly txBytes: number
  readonly txPackets: number
}

/** Parse net/dev. @source net/core/net-procfs.c dev_seq_printf_stats() */
export function parseNetDevices(text: string): NetDevice[] {
  return lines(text)
    .slice(2)
    .map((line) => {
      const [name = '', counts = ''] = line.split(/:(?=[^:]*$)/)
      const numbers = counts.trim().split(/\s+/).map(Number)
      const number = (index: number): number => numbers[index] ?? Number.NaN
      return {
        name: name.trim(),
        rxBytes: number(0),
        rxPackets: number(1),
        txBytes: number(8),
        txPackets: number(9),
      }
    })
}

/** A line of /proc/PID/maps. */
export interface Mapping {
  readonly start: bigint
  readonly end: bigint
  /** `r-xp`. */
  readonly permissions: string
  readonly offset: bigint
  /** `fe:00`. */
  readonly device: string
  readonly inode: number
  readonly path: string
}

/** Parse maps. @source fs/proc/task_mmu.c show_map_vma() */
export function parseMaps(text: string): Mapping[] {
  return lines(text).map((line) => {
    const [, start, end, permissions = '', offset, device = '', inode, path = ''] =
      /^([\da-f]+)-([\da-f]+) (\S+) ([\da-f]+) (\S+) (\d+) *(.*)$/.exec(line) ?? []
    return {
      start: hex(start),
      end: hex(end),
      permissions,
      offset: hex(offset),
      device,
      inode: Number(inode),
      path: unescapeOctal(path),
    }
  })
}

/** A line of a saved pagemap: one page that is present or swapped. */
export interface PagemapEntry {
  readonly address: bigint
  readonly present: boolean
  readonly swapped: boolean
  /** Undefined unless present. */
  readonly pfn: number | undefined
  /** Undefined unless swapped. */
  readonly swapType: number | undefined
  readonly swapOffset: number | undefined
  readonly softDirty: boolean
  readonly exclusive: boolean
  /** A page of a file, or shared anonymous memory. */
  readonly fileBacked: boolean
  /** Bits of /proc/kpageflags: KPF_*, <linux/kernel-page-flags.h>. */
  readonly flags: bigint
  /** Of /proc/kpagecount: how often it is mapped. */
  readonly mapCount: number
}

/** Parse what guest_pagemap.ts wrote. @source Documentation/admin-guide/mm/pagemap.rst */
export function parsePagemap(text: string): PagemapEntry[] {
  return lines(text).map((line) => {
    const [address = 0n, entry = 0n, flags = 0n, mapCount = 0n] = line.split(' ').map(hex)
    const bit = (index: bigint): boolean => ((entry >> index) & 1n) === 1n
    const [present, swapped] = [bit(63n), bit(62n)]
    return {
      address,
      present,
      swapped,
      pfn: present ? Number(entry & ((1n << 55n) - 1n)) : undefined,
      swapType: swapped ? Number(entry & 0x1fn) : undefined,
      swapOffset: swapped ? Number((entry >> 5n) & ((1n << 50n) - 1n)) : undefined,
      softDirty: bit(55n),
      exclusive: bit(56n),
      fileBacked: bit(61n),
      flags,
      mapCount: Number(mapCount),
    }
  })
}

/** A line of /proc/vmallocinfo. */
export interface VmallocArea {
  readonly start: bigint
  readonly end: bigint
  /** With its guard page. */
  readonly size: number
  /** `irq_init_percpu_irqstack+0xf4/0x130`; '' without. */
  readonly caller: string
  /** `pages=4`, `phys=0x000000001ffe1000`, `vmalloc`, `ioremap`, `N0=4`, as they stand there. */
  readonly words: readonly string[]
}

/** Parse vmallocinfo; addresses are hashes unless the guest ran with no_hash_pointers. @source mm/vmalloc.c vmalloc_info_show() */
export function parseVmallocInfo(text: string): VmallocArea[] {
  return lines(text).map((line) => {
    const [range = '', size, ...rest] = line.trim().split(/\s+/)
    const [start, end] = range.split('-')
    const caller = /[+]0x[\da-f]+\/0x/.test(rest[0] ?? '') ? (rest[0] ?? '') : ''
    // `fn+0x10/0x20 [module]` is one name.
    const isModule = caller !== '' && /^\[\w+\]$/.test(rest[1] ?? '')
    return {
      start: hex(start),
      end: hex(end),
      size: Number(size),
      caller: isModule ? `${caller} ${rest[1]}` : caller,
      words: rest.slice(caller === '' ? 0 : isModule ? 2 : 1),
    }
  })
}

/** A zone of /proc/zoneinfo. */
export interface ZoneInfo {
  readonly node: number
  readonly name: string
  /** `pages free`, `min`, `spanned`, `present`, `managed`, `nr_free_pages` …, and `start_pfn`; in pages. */
  readonly counts: ReadonlyMap<string, number>
}

/** Parse zoneinfo. Counts that only the node has (`nr_inactive_anon` …) are in its first zone. @source mm/vmstat.c zoneinfo_show_print() */
export function parseZoneInfo(text: string): ZoneInfo[] {
  return text
    .split(/^(?=Node \d+, zone)/m)
    .filter((part) => part !== '')
    .map((part) => {
      const [, node, name = ''] = /^Node (\d+), zone +(\S+)/.exec(part) ?? []
      const counts = new Map<string, number>()
      // What each CPU has in its lists follows `pagesets`: the same names again.
      const [before = '', after = ''] = part.split(/^ *pagesets$/m)
      const tail = /^ +(?:node_unreclaimable|start_pfn):.*$/gm
      for (const line of [...before.split('\n'), ...(after.match(tail) ?? [])]) {
        const match = /^ +([a-z_]+(?: free)?):? +(\d+)$/.exec(line)
        if (match) counts.set(match[1] ?? '', Number(match[2]))
      }
      return { node: Number(node), name, counts }
    })
}

/** A line of /proc/buddyinfo. */
export interface BuddyInfo {
  readonly node: number
  readonly zone: string
  /** Free blocks by order. */
  readonly free: readonly number[]
}

/** Parse buddyinfo. @source mm/vmstat.c frag_show_print() */
export function parseBuddyInfo(text: string): BuddyInfo[] {
  return lines(text).map((line) => {
    const [, node, zone = '', counts = ''] = /^Node (\d+), zone +(\S+) +(.*)$/.exec(line) ?? []
    return { node: Number(node), zone, free: counts.trim().split(/\s+/).map(Number) }
  })
}

/** A line of /proc/PID/mountinfo. */
export interface MountInfo {
  readonly id: number
  readonly parent: number
  /** `254:0`. */
  readonly device: string
  /** Path in the file system that is mounted. */
  readonly root: string
  readonly path: string
  readonly options: string
  readonly type: string
  readonly source: string
  readonly superOptions: string
}

/** Parse mountinfo. @source fs/proc_namespace.c show_mountinfo() */
export function parseMountInfo(text: string): MountInfo[] {
  return lines(text).map((line) => {
    const [left = '', right = ''] = line.split(/ - (?=\S+ \S+ \S+$)/)
    const [id, parent, device = '', root = '', path = '', options = ''] = left.split(' ')
    const [type = '', source = '', superOptions = ''] = right.split(' ')
    return {
      id: Number(id),
      parent: Number(parent),
      device,
      root: unescapeOctal(root),
      path: unescapeOctal(path),
      options,
      type,
      source: unescapeOctal(source),
      superOptions,
    }
  })
}

/** Parse `NAME: NUMBER kB` and `NAME NUMBER` lines: meminfo, vmstat. */
export function parseCounts(text: string): Map<string, number> {
  return new Map(
    lines(text).flatMap((line): [string, number][] => {
      const match = /^(\S+?):?\s+(\d+)(?: kB)?$/.exec(line)
      return match ? [[match[1] ?? '', Number(match[2])]] : []
    }),
  )
}

/** Parse /proc/PID/status: name to what stands behind the colon. */
export function parseStatus(text: string): Map<string, string> {
  return new Map(
    lines(text).map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()]
    }),
  )
}

/** A range of /proc/iomem or ioports. */
export interface ResourceRange {
  readonly start: bigint
  /** Inclusive. */
  readonly end: bigint
  readonly name: string
  /** 0 for a range of the root. */
  readonly depth: number
}

/** Parse iomem or ioports. @source kernel/resource.c r_show() */
export function parseResources(text: string): ResourceRange[] {
  return lines(text).map((line) => {
    const [, blanks = '', start, end, name = ''] =
      /^( *)([\da-f]+)-([\da-f]+) : (.*)$/.exec(line) ?? []
    return { start: hex(start), end: hex(end), name, depth: blanks.length / 2 }
  })
}

/** Parse a file that holds several, each below `== PATH`: sysfs/*, fdinfo. Contents keep their last newline. */
export function parseHeaded(text: string): Map<string, string> {
  const files = new Map<string, string>()
  for (const part of text.split(/^== /m)) {
    const newline = part.indexOf('\n')
    if (newline > 0) files.set(part.slice(0, newline), part.slice(newline + 1))
  }
  return files
}

/** Space, tab, newline, backslash and # are written in octal. */
const unescapeOctal = (text: string): string =>
  text.replaceAll(/\\(\d{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )

const hex = (digits: string | undefined): bigint => {
  const bare = (digits ?? '').replace(/^0x/, '')
  return /^[\da-f]+$/i.test(bare) ? BigInt(`0x${bare}`) : 0n
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '')

const rowsBelowHead = (text: string): string[][] =>
  lines(text)
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
