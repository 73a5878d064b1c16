// The kernel of a dump that does not say where it is: QEMU's without a vmcoreinfo device, LiME, AVML, plain memory.
// The kernel keeps VMCOREINFO in pages of its own, as text and as a note: both are found by their first key. What is
// found may be an old vmcore in the page cache, QEMU's copy, or left by the kernel before kexec: it is believed if it
// leads to a kernel of its release. Source: kernel/vmcore_info.c.
import { formatHex } from '../base/hex.ts'
import { decodeAscii } from '../base/text.ts'
import { ARCHS } from '../arch/archs.ts'
import { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import type { Dump } from './dump_format.ts'
import { identifyKernel, readOrReason } from './identify_kernel.ts'
import { forEachWord } from './scan_memory.ts'

/** The first key, in every version. */
const KEY = 'OSRELEASE='
/** Its first four bytes: texts begin at multiples of four, notes being made of such words. */
const KEY_WORD = 'OSRE'
/** 3 KiB today; newest kernels may take several pages. */
const TEXT_SIZE_MAX = 64 * 1024
/** A live machine has five or so. */
const CANDIDATES_MAX = 1000
/** How many of them a message describes. */
const DESCRIBED_MAX = 3

/**
 * Complete a dump with what its memory says of the kernel: VMCOREINFO where the file has no such note or a ruined one, phys_base where
 * VMCOREINFO lacks it.
 *
 * @returns the dump itself if nothing was missing or found; `kernelSearch` says what was tried
 */
export function locateKernel(dump: Dump): Dump {
  if (dump.vmcoreinfo && isVmcoreinfo(dump.vmcoreinfo)) {
    const info = VmcoreInfo.parse(dump.vmcoreinfo)
    const arch = ARCHS.find(({ name }) => name === dump.utsname?.machine)
    if (arch?.physBaseStep(info) === undefined) return dump
    const kernel = identifyKernel(dump, info)
    return typeof kernel === 'string' ? dump : withFacts(dump, { physBase: kernel.physBase })
  }
  const { machine = '' } = dump.utsname ?? {}
  if (machine !== '' && !ARCHS.some(({ name }) => name === machine)) return dump
  const tried: string[] = []
  const texts = new Set<string>()
  for (const physical of forEachWord(dump, KEY_WORD)) {
    const text = readText(dump, physical)
    if (!text || texts.has(text)) continue
    texts.add(text)
    const info = new VmcoreInfo(text)
    const kernel = identifyKernel(dump, info)
    const where = `OSRELEASE=${info.osrelease} at physical ${formatHex(physical)}`
    if (typeof kernel !== 'string') {
      const vmcoreinfo = new TextEncoder().encode(text)
      return withFacts(dump, { ...kernel, vmcoreinfo, kernelSearch: `found ${where}` })
    }
    if (tried.length < DESCRIBED_MAX) tried.push(`${where}: ${kernel}`)
    if (texts.size >= CANDIDATES_MAX) break
  }
  const count = texts.size === 0 ? 'none' : `none of ${texts.size}`
  const kernelSearch = [`${count} in its memory leads to a kernel`, ...tried].join('; ')
  return withFacts(dump, { kernelSearch })
}

/** A note that was overwritten is none: the kernel's own copy may be whole still. */
function isVmcoreinfo(note: Uint8Array): boolean {
  const keys = [...VmcoreInfo.parse(note).entries.keys()]
  return keys.some((key) =>
    /^(OSRELEASE|PAGESIZE|(SYMBOL|NUMBER|OFFSET|SIZE|LENGTH)\(.*\))$/.test(key),
  )
}

/** The dump with some facts replaced: it knows them from now on. */
function withFacts(dump: Dump, facts: Partial<Dump>): Dump {
  return Object.assign(dump, facts)
}

/** The text at `physical` up to NUL; undefined if it is no VMCOREINFO. */
function readText(dump: Dump, physical: number): string | undefined {
  const key = new Uint8Array(KEY.length)
  if (readOrReason(dump, physical, key) !== '' || decodeAscii(key, 0, key.length) !== KEY)
    return undefined
  let text = ''
  for (let at = physical; text.length < TEXT_SIZE_MAX;) {
    const bytes = new Uint8Array(dump.pageSize - (at % dump.pageSize))
    if (readOrReason(dump, at, bytes) !== '') break
    const end = bytes.indexOf(0)
    text += new TextDecoder('latin1').decode(end < 0 ? bytes : bytes.subarray(0, end))
    if (end >= 0) break
    at += bytes.length
  }
  // The format strings of the kernel's own code begin alike: 'OSRELEASE=%s\n'.
  return /^OSRELEASE=[\w.+~-]{1,64}\n/.test(text) && text.includes('\nSYMBOL(init_uts_ns)=')
    ? text
    : undefined
}
