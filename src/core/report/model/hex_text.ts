// How reports write addresses.

/** An address or a mask: `0x…`, since JSON's numbers are too small. */
export type HexText = string
