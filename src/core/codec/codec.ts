// One compression method of dump pages. A codec knows bytes only: no files, no page flags.

/** Compression methods of dump pages. */
export type CodecName = 'zlib' | 'lzo' | 'snappy' | 'zstd'

/** A compression method. One per file of this folder, listed in codecs.ts. */
export interface Codec {
  readonly name: CodecName
  /**
   * Decompress `input` into `output`; never writes past `output`.
   *
   * @returns bytes written
   * @throws {RangeError} if `input` is malformed or would need more room
   */
  decompress(input: Uint8Array, output: Uint8Array): number
  /**
   * Compress `input` into `output`.
   *
   * @returns bytes written, or 0 if the result does not fit `output`; absent where only decoding is portable
   */
  compress?(input: Uint8Array, output: Uint8Array): number
}
