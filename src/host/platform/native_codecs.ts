// zlib and zstd as the Node binary has them inside, called through koffi with contexts that are kept. Measured on
// 4 KiB pages: zstd 15 us against node:zlib's 40, inflate 10 us warm (18 cold) against 14 (120 cold).
// Without koffi, node:zlib does it.
import type { Codec } from '../../core/codec/codec.ts'
import { registerCodec } from '../../core/codec/codecs.ts'
import { loadKoffi } from './koffi.ts'
import type { Koffi, NativeFunction } from './koffi.ts'

/** makedumpfile compresses pages at level 1 of either method: speed counts while the machine is down. */
const LEVEL = 1
/** Largest block either way: a page of 64 KiB and what its worst case adds. */
const INPUT_MAX = 128 * 1024
const OUTPUT_MAX = 128 * 1024

/** Put the native codecs in front of the portable ones. Costs nothing until one is used. */
export function registerNativeCodecs(): void {
  registerCodec(lazyCodec('zstd', nativeZstd, nodeZstd))
  registerCodec(lazyCodec('zlib', nativeZlib, nodeZlib))
}

type FullCodec = Required<Codec>

/** Make the codec at its first use; `make` may fail where koffi or a symbol is missing. */
function lazyCodec(
  name: FullCodec['name'],
  make: (koffi: Koffi) => FullCodec,
  fallback: FullCodec,
): FullCodec {
  let made: FullCodec | undefined
  const get = (): FullCodec => {
    try {
      made = make(loadKoffi())
    } catch {
      made = fallback
    }
    return made
  }
  return {
    name,
    decompress: (input, output) => (made ?? get()).decompress(input, output),
    compress: (input, output) => (made ?? get()).compress(input, output),
  }
}

// <zstd.h>: ZSTD_cParameter
const ZSTD_C_COMPRESSION_LEVEL = 100
// <zstd_errors.h>, as ZSTD_getErrorCode() negates it
const ZSTD_ERROR_DST_SIZE_TOO_SMALL = -70

function nativeZstd(koffi: Koffi): FullCodec {
  const self = koffi.load(null)
  const compress2: NativeFunction = self.func(
    'int64_t ZSTD_compress2(void*, void*, size_t, const void*, size_t)',
  )
  const decompress: NativeFunction = self.func(
    'int64_t ZSTD_decompressDCtx(void*, void*, size_t, const void*, size_t)',
  )
  const setParameter: NativeFunction = self.func('int64_t ZSTD_CCtx_setParameter(void*, int, int)')
  const compressor: unknown = self.func('void* ZSTD_createCCtx(void)')()
  const decompressor: unknown = self.func('void* ZSTD_createDCtx(void)')()
  if (!compressor || !decompressor) throw new Error('zstd: no memory')
  if (Number(setParameter(compressor, ZSTD_C_COMPRESSION_LEVEL, LEVEL)) < 0)
    throw new Error('zstd: bad level')
  return {
    name: 'zstd',
    decompress(input, output) {
      // size_t errors are the negated code, so they come back below zero.
      const size = Number(decompress(decompressor, output, output.length, input, input.length))
      if (size < 0)
        throw new RangeError(`zstd: malformed input or data exceeds output (error ${-size})`)
      return size
    },
    compress(input, output) {
      const size = Number(compress2(compressor, output, output.length, input, input.length))
      if (size >= 0) return size
      if (size === ZSTD_ERROR_DST_SIZE_TOO_SMALL) return 0
      throw new Error(`zstd: compression failed (error ${-size})`)
    },
  }
}

// <zlib.h>
const Z_FINISH = 4
const Z_STREAM_END = 1
const Z_DEFLATED = 8
/** zlib's defaults: a smaller window or hash changed nothing measurable. */
const WINDOW_BITS = 15
const MEM_LEVEL = 8
/** `z_stream` of an LP64 machine: next_in @0, avail_in @8, next_out @24, avail_out @32. */
const Z_STREAM_SIZE = 112

function nativeZlib(koffi: Koffi): FullCodec {
  const self = koffi.load(null)
  const version: unknown = self.func('const char* zlibVersion(void)')()
  const deflateInit: NativeFunction = self.func(
    'int deflateInit2_(void*, int, int, int, int, int, const char*, int)',
  )
  const inflateInit: NativeFunction = self.func('int inflateInit2_(void*, int, const char*, int)')
  const packer = zlibStream(koffi)
  const unpacker = zlibStream(koffi)
  const failed =
    Number(
      deflateInit(
        packer.address,
        LEVEL,
        Z_DEFLATED,
        WINDOW_BITS,
        MEM_LEVEL,
        0,
        version,
        Z_STREAM_SIZE,
      ),
    ) || Number(inflateInit(unpacker.address, 15, version, Z_STREAM_SIZE))
  if (failed) throw new Error(`zlib: initialisation failed (${failed})`)
  const deflate: NativeFunction = self.func('int deflate(void*, int)')
  const deflateReset: NativeFunction = self.func('int deflateReset(void*)')
  const inflate: NativeFunction = self.func('int inflate(void*, int)')
  const inflateReset: NativeFunction = self.func('int inflateReset(void*)')
  return {
    name: 'zlib',
    decompress(input, output) {
      if (input.length > INPUT_MAX) throw new RangeError('zlib: input is too long')
      inflateReset(unpacker.address)
      const room = unpacker.start(input, output.length)
      const result = inflate(unpacker.address, Z_FINISH)
      if (result !== Z_STREAM_END) {
        throw new RangeError(
          `zlib: malformed input or data exceeds output (result ${String(result)})`,
        )
      }
      return unpacker.finish(output, room)
    },
    compress(input, output) {
      if (input.length > INPUT_MAX) throw new RangeError('zlib: input is too long')
      deflateReset(packer.address)
      const room = packer.start(input, output.length)
      return deflate(packer.address, Z_FINISH) === Z_STREAM_END ? packer.finish(output, room) : 0
    },
  }
}

interface ZlibStream {
  readonly address: unknown
  /** Copy the input in and limit the output; returns the limit. */
  start(input: Uint8Array, outputSize: number): number
  /** Copy out what was produced; returns its size. */
  finish(output: Uint8Array, room: number): number
}

/** A z_stream with buffers of its own: its pointers then never change, and zlib insists that the struct never moves. */
function zlibStream(koffi: Koffi): ZlibStream {
  const struct: unknown = koffi.alloc('uint8_t', Z_STREAM_SIZE)
  const input: unknown = koffi.alloc('uint8_t', INPUT_MAX)
  const output: unknown = koffi.alloc('uint8_t', OUTPUT_MAX)
  const inputBytes = new Uint8Array(koffi.view(input, INPUT_MAX))
  const outputBytes = new Uint8Array(koffi.view(output, OUTPUT_MAX))
  const words = new Uint32Array(koffi.view(struct, Z_STREAM_SIZE)).fill(0)
  const pointers = new BigUint64Array(words.buffer)
  const inputAddress = koffi.address(input)
  const outputAddress = koffi.address(output)
  return {
    address: struct,
    start(bytes, outputSize) {
      const room = Math.min(outputSize, OUTPUT_MAX)
      inputBytes.set(bytes)
      pointers[0] = inputAddress
      words[2] = bytes.length
      pointers[3] = outputAddress
      words[8] = room
      return room
    },
    finish(bytes, room) {
      const size = room - (words[8] as number)
      bytes.set(outputBytes.subarray(0, size))
      return size
    },
  }
}

/** node:zlib makes a new handle a call; chunkSize spares it a 16 KiB buffer each. */
function nodeCodec(
  name: FullCodec['name'],
  unpack: (input: Uint8Array, maxOutputLength: number) => Uint8Array,
  pack: (input: Uint8Array) => Uint8Array,
): FullCodec {
  return {
    name,
    decompress(input, output) {
      let bytes: Uint8Array
      try {
        bytes = unpack(input, Math.max(1, output.length))
      } catch (cause) {
        throw new RangeError(
          `${name}: ${cause instanceof Error ? cause.message : 'malformed input'}`,
          { cause },
        )
      }
      output.set(bytes)
      return bytes.length
    },
    compress(input, output) {
      const bytes = pack(input)
      if (bytes.length > output.length) return 0
      output.set(bytes)
      return bytes.length
    },
  }
}

const CHUNK = 5120
/** Loaded when it is needed, which is where koffi is missing: 5 ms of start-up. */
const zlib = (): typeof import('node:zlib') => process.getBuiltinModule('node:zlib')

const nodeZlib = nodeCodec(
  'zlib',
  (input, maxOutputLength) => zlib().inflateSync(input, { chunkSize: CHUNK, maxOutputLength }),
  (input) => zlib().deflateSync(input, { level: LEVEL, chunkSize: CHUNK }),
)

const nodeZstd = nodeCodec(
  'zstd',
  (input, maxOutputLength) =>
    zlib().zstdDecompressSync(input, { chunkSize: CHUNK, maxOutputLength }),
  (input) =>
    zlib().zstdCompressSync(input, {
      params: { [ZSTD_C_COMPRESSION_LEVEL]: LEVEL },
      chunkSize: CHUNK,
    }),
)

/** The codecs of node:zlib, for tests and for machines without koffi. */
export const NODE_CODECS: readonly FullCodec[] = [nodeZlib, nodeZstd]
