// A disk that LVM takes for a physical volume, with one volume group and one linear volume on it, written from the format's
// description: no device mapper and no root is needed. The volume's bytes lie in one piece behind the first MiB.
// Source: lvm2 lib/format_text/layout.h, lib/label/label.h; vgcfgbackup(8) shows the text.
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, statSync, truncateSync, writeSync } from 'node:fs'

const SECTOR = 512
/** Where the volume begins. */
export const LVM_DATA_OFFSET = 1 << 20
const EXTENT_SIZE = 4 << 20
const AREA_OFFSET = 4096
const AREA_SIZE = LVM_DATA_OFFSET - AREA_OFFSET
const AREA_HEADER_SIZE = 512
const AREA_MAGIC = ' LVM2 x[5A%r0N*>'
const INITIAL_CRC = 0xf597a6cf
const PV_ID = 'kboxpv' + '0'.repeat(26)
const VG_ID = 'kboxvg' + '0'.repeat(26)
const LV_ID = 'kboxlv' + '0'.repeat(26)

/**
 * Wrap a file system's image into a physical volume: `/dev/mapper/VG-LV` will be the file system.
 *
 * @param image of the file system; the volume is as large, rounded up to 4 MiB
 */
export function makeLvmDisk(file: string, image: string, vg: string, lv: string): void {
  const extents = Math.ceil(statSync(image).size / EXTENT_SIZE)
  const sizeBytes = LVM_DATA_OFFSET + extents * EXTENT_SIZE
  const seek = `seek=${LVM_DATA_OFFSET >> 20}`
  execFileSync('dd', [
    ...[`if=${image}`, `of=${file}`, 'bs=1M', seek, 'conv=sparse', 'status=none'],
  ])
  truncateSync(file, sizeBytes)
  const fd = openSync(file, 'r+')
  try {
    writeSync(fd, label(sizeBytes), 0, SECTOR, SECTOR)
    const text = Buffer.from(`${groupText(vg, lv, extents, sizeBytes)}\0`)
    writeSync(fd, areaHeader(text), 0, AREA_HEADER_SIZE, AREA_OFFSET)
    writeSync(fd, text, 0, text.length, AREA_OFFSET + AREA_HEADER_SIZE)
  } finally {
    closeSync(fd)
  }
}

function label(sizeBytes: number): Uint8Array {
  const bytes = Buffer.alloc(SECTOR)
  bytes.write('LABELONE', 0)
  bytes.writeBigUInt64LE(1n, 8)
  bytes.writeUInt32LE(32, 20)
  bytes.write('LVM2 001', 24)
  bytes.write(PV_ID, 32)
  // The size, then areas of data and of metadata, each list closed by zeros, then the header's extension.
  const words = [...[sizeBytes, LVM_DATA_OFFSET, 0, 0, 0], ...[AREA_OFFSET, AREA_SIZE, 0, 0]]
  for (const [i, word] of words.entries()) bytes.writeBigUInt64LE(BigInt(word), 64 + i * 8)
  const extension = 64 + words.length * 8
  bytes.writeUInt32LE(2, extension)
  bytes.writeUInt32LE(1, extension + 4)
  bytes.writeUInt32LE(crc(bytes.subarray(20)), 16)
  return bytes
}

function areaHeader(text: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(AREA_HEADER_SIZE)
  bytes.write(AREA_MAGIC, 4, 'latin1')
  bytes.writeUInt32LE(1, 20)
  bytes.writeBigUInt64LE(BigInt(AREA_OFFSET), 24)
  bytes.writeBigUInt64LE(BigInt(AREA_SIZE), 32)
  bytes.writeBigUInt64LE(BigInt(AREA_HEADER_SIZE), 40)
  bytes.writeBigUInt64LE(BigInt(text.length), 48)
  bytes.writeUInt32LE(crc(text), 56)
  bytes.writeUInt32LE(crc(bytes.subarray(4)), 0)
  return bytes
}

const groupText = (vg: string, lv: string, extents: number, sizeBytes: number): string => `${vg} {
id = "${dashed(VG_ID)}"
seqno = 1
format = "lvm2"
status = ["RESIZEABLE", "READ", "WRITE"]
flags = []
extent_size = ${EXTENT_SIZE / SECTOR}
max_lv = 0
max_pv = 0
metadata_copies = 0

physical_volumes {

pv0 {
id = "${dashed(PV_ID)}"
device = "/dev/vda"

status = ["ALLOCATABLE"]
flags = []
dev_size = ${sizeBytes / SECTOR}
pe_start = ${LVM_DATA_OFFSET / SECTOR}
pe_count = ${extents}
}
}

logical_volumes {

${lv} {
id = "${dashed(LV_ID)}"
status = ["READ", "WRITE", "VISIBLE"]
flags = []
creation_time = 1600000000
creation_host = "kbox"
segment_count = 1

segment1 {
start_extent = 0
extent_count = ${extents}

type = "striped"
stripe_count = 1

stripes = [
"pv0", 0
]
}
}
}
}
contents = "Text Format Volume Group"
version = 1

description = "kbox"

creation_host = "kbox"
creation_time = 1600000000
`

/** 6-4-4-4-4-4-6 characters. */
function dashed(id: string): string {
  return id.replace(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/, '$1-$2-$3-$4-$5-$6-$7')
}

/** CRC-32 as zlib's, but with LVM's own start and without the last inversion. */
function crc(bytes: Uint8Array): number {
  let sum = INITIAL_CRC
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return sum >>> 0
}
