// How much memory a kernel needs before it looks at its memory map: its own size, decompressing included.
// Source: Documentation/arch/x86/boot.rst "init_size"; other images are measured by the running kernel's /proc/iomem.
import { closeSync, openSync, readSync } from 'node:fs'

const HEADER_SIZE = 0x264
const MAGIC_OFFSET = 0x202
const VERSION_OFFSET = 0x206
const INIT_SIZE_OFFSET = 0x260
/** Protocol 2.10 brought init_size. */
const VERSION_MIN = 0x020a
/** More is no kernel but a damaged header. */
const INIT_SIZE_MAX = 2 ** 30

/** Read a bzImage's init_size, bytes; undefined for another format or an unreadable file. */
export function readInitSize(file: string): number | undefined {
  const head = Buffer.alloc(HEADER_SIZE)
  try {
    const fd = openSync(file, 'r')
    try {
      if (readSync(fd, head, 0, HEADER_SIZE, 0) < HEADER_SIZE) return undefined
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
  return parseInitSize(head)
}

/** As readInitSize, of the first bytes of a file. */
export function parseInitSize(head: Uint8Array): number | undefined {
  if (head.length < HEADER_SIZE) return undefined
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  if (view.getUint32(MAGIC_OFFSET, false) !== 0x4864_7253) return undefined
  if (view.getUint16(VERSION_OFFSET, true) < VERSION_MIN) return undefined
  const size = view.getUint32(INIT_SIZE_OFFSET, true)
  return size > 0 && size <= INIT_SIZE_MAX ? size : undefined
}

/** Add up code and data of the running kernel out of /proc/iomem; 0 where addresses are hidden. */
export function parseKernelSize(iomem: string): number {
  const parts = iomem.matchAll(/^ *([\da-f]+)-([\da-f]+) : Kernel (?:code|rodata|data|bss)$/gim)
  let sum = 0
  for (const [, start = '', end = ''] of parts) {
    const size = parseInt(end, 16) - parseInt(start, 16) + 1
    if (size > 1) sum += size
  }
  return sum
}
