// What a module is built with: Debian's linux-headers and linux-kbuild of a cached kernel, unpacked beside it and never
// installed. Source: the Makefile of Debian's flavour, which names /usr/src; scripts/Makefile.modfinal, which wants a
// vmlinux to make a module's BTF; Documentation/arch/x86/boot.rst, payload_offset and payload_length.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { CachedKernel } from './cache.ts'
import type { Apt } from './private_apt.ts'

/**
 * Download the headers of a kernel (some 12 MB), unless they are cached.
 *
 * @throws {Error} if the mirror has them in another version only
 */
export function fetchHeaders(apt: Apt, kernel: CachedKernel): void {
  if (existsSync(kernel.headers)) return
  const wanted = `linux-headers-${kernel.release}`
  if (apt.candidate(wanted) !== kernel.version) apt.update()
  if (apt.candidate(wanted) !== kernel.version) {
    throw new Error(
      `${wanted} ${kernel.version} has left the mirror: run again with --update to take a newer kernel`,
    )
  }
  console.error(`fetch_kernel: ${wanted}`)
  const folder = path.join(kernel.baseDir, 'headers')
  const fresh = `${folder}.partial`
  rmSync(fresh, { recursive: true, force: true })
  const parts = apt
    .dependencies(wanted)
    .filter((name) => /^linux-(headers-.*-common|kbuild-.*)$/.test(name))
  for (const deb of apt.download([wanted, ...parts])) {
    execFileSync('dpkg-deb', ['-x', deb, fresh])
    rmSync(deb)
  }
  const flavour = path.join(fresh, path.relative(folder, kernel.headers))
  settleMakefile(path.join(flavour, 'Makefile'))
  const vmlinux = path.join(flavour, 'vmlinux')
  if (!existsSync(vmlinux)) writeFileSync(vmlinux, unpackKernel(readFileSync(kernel.vmlinuz)))
  rmSync(folder, { recursive: true, force: true })
  renameSync(fresh, folder)
}

/** `include /usr/src/linux-headers-6.1.0-56-common/Makefile`: make is run in the folder beside that one. */
function settleMakefile(file: string): void {
  const text = readFileSync(file, 'utf8')
  const settled = text.replace(/^include \/usr\/src\//m, 'include ../')
  if (settled === text) throw new Error(`${file} includes nothing below /usr/src`)
  writeFileSync(file, settled)
}

/** By the first bytes of what is packed. Source: lib/decompress.c. */
const UNPACKERS: readonly (readonly [magic: number, program: string])[] = [
  [0x184c2102, 'lz4'],
  [0xfd2fb528, 'zstd'],
  [0x587a37fd, 'xz'],
]

/** The ELF file in a bzImage: without symbols, but with .BTF. Since 6.12 Debian's headers bring one of their own. */
function unpackKernel(image: Buffer): Uint8Array {
  const setupSectors = image.readUInt8(0x1f1) || 4
  const begin = (setupSectors + 1) * 512 + image.readUInt32LE(0x248)
  // The size of what is packed stands behind it.
  const payload = image.subarray(begin, begin + image.readUInt32LE(0x24c) - 4)
  const magic = payload.readUInt32LE(0)
  const [, program] = UNPACKERS.find(([known]) => known === magic) ?? []
  if (!program)
    throw new Error(`the kernel is packed with an unknown magic, 0x${magic.toString(16)}`)
  return execFileSync(program, ['-dc'], { input: payload, maxBuffer: 1 << 28 })
}
