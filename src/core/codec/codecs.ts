// The registry of codecs. The portable ones are here; a host puts faster native ones in front (`registerCodec`).
import type { Codec, CodecName } from './codec.ts'
import { lzo } from './lzo.ts'
import { snappy } from './snappy.ts'
import { zlib } from './zlib.ts'
import { zstd } from './zstd.ts'

/** The portable codecs. */
export const CODECS: readonly Codec[] = [zlib, lzo, snappy, zstd]

const active = new Map<CodecName, Codec>(CODECS.map((codec) => [codec.name, codec]))

/** Prefer `codec` over the portable one of its name from now on. */
export function registerCodec(codec: Codec): void {
  active.set(codec.name, codec)
}

/** The best codec of that name. */
export function getCodec(name: CodecName): Codec {
  return active.get(name) as Codec
}
