// The configuration a kernel carries in itself (CONFIG_IKCONFIG). Source: kernel/configs.c, init/Kconfig.
import { CorruptError, NotFoundError } from '../base/errors.ts'
import { decodeAscii } from '../base/text.ts'
import { gunzip } from '../codec/gzip.ts'
import type { Program } from '../program/program.ts'

/** A configuration is some 60 KiB compressed, 300 KiB as text. */
const CONFIG_SIZE_MAX = 4 * 1024 * 1024
const START_MARK = 'IKCFG_ST'

/**
 * The kernel's .config.
 *
 * @throws {NotFoundError} if it was built without CONFIG_IKCONFIG (Debian's is)
 * @throws {CorruptError} if what is there does not decompress
 */
export function kernelConfig(program: Program): string {
  const symbol = program.findSymbol('kernel_config_data')
  if (!symbol)
    throw new NotFoundError('symbol', 'kernel_config_data (the kernel has no CONFIG_IKCONFIG)')
  const endSymbol = program.findSymbol('kernel_config_data_end')
  // Since v5.1, commit 13610aa908dc ("kernel/configs: use .incbin directive to embed config_data.gz"), there is an
  // end symbol; before, the data carries marks around it, with the symbol at the first.
  const size = endSymbol ? Number(endSymbol.address - symbol.address) : symbol.size
  if (!(size > 0 && size <= CONFIG_SIZE_MAX))
    throw new CorruptError(symbol.address, `config of ${size} bytes`)
  const bytes = program.memory.bytes(symbol.address, size)
  const start =
    decodeAscii(bytes, 0, Math.min(START_MARK.length, size)) === START_MARK ? START_MARK.length : 0
  const end = decodeAscii(bytes, 0, size).lastIndexOf('IKCFG_ED')
  try {
    return new TextDecoder().decode(
      gunzip(bytes.subarray(start, end < 0 ? size : end), CONFIG_SIZE_MAX),
    )
  } catch (cause) {
    throw new CorruptError(symbol.address, 'config does not decompress', { cause })
  }
}
