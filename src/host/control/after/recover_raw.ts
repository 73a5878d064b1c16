// Takes a dump off a raw target after the crash, as kdumpctl's save_raw does, with the log and the manifest that lie behind
// it. The device's header is wiped once all of it is a file.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { attempt, HostError, KdumpError } from '../../../core/base/errors.ts'
import { isFlattened } from '../../../core/io/flattened_source.ts'
import { formatManifest } from '../../capture/capture_manifest.ts'
import { rearrange } from '../../capture/rearrange.ts'
import { formatStamp } from '../../capture/supervisor.ts'
import { renameDurably, writeDurably } from '../../platform/durable_file.ts'
import { openFileOutput } from '../../platform/file_output.ts'
import { Members } from '../../platform/members.ts'
import { unpackText } from '../../platform/packed_text.ts'
import {
  parseRawIndex,
  RAW_BLOCK_SIZE,
  rawAreaOffset,
  type RawIndex,
} from '../../target/raw_layout.ts'
import { hashFile } from '../load/image_manifest.ts'
import { findRawDisk, findSignature, type ConfRaw } from '../reach/resolve_raw.ts'

const HEADER_SIZE = 4096
/** What kdumpctl wipes. */
const WIPE_SIZE = 512
const SAVED_NAMES = ['vmcore-dmesg.txt', 'kexec-dmesg.log', 'kbox.json']

type Tell = (text: string, isWarning?: boolean) => void

/** Save a raw target's dump as files below `dumpPath`, if there is one. @throws {KdumpError} if that fails; it then stays */
export function recoverRaw(target: ConfRaw, dumpPath: string, tell: Tell): void {
  let disk: ReturnType<typeof findRawDisk>
  try {
    disk = findRawDisk(target)
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    tell(`raw partition ${target.device.by === 'node' ? target.device.node : ''} not found`, true)
    return
  }
  const signature = findSignature(disk.node)
  if (signature !== '') {
    tell(`Detected '${signature}' signature on ${disk.node}, data loss is expected.`, true)
    return
  }
  recoverDevice(disk.node, disk.sizeBytes, dumpPath, tell)
}

/** Save what a device holds. @throws {KdumpError} if the files cannot be written; the device is left as it is then */
export function recoverDevice(node: string, sizeBytes: number, dumpPath: string, tell: Tell): void {
  const fd = openSync(node, 'r+')
  try {
    const header = readAt(fd, 0, HEADER_SIZE)
    const index = readIndex(fd, node, sizeBytes)
    const isDumped = isFlattened(header)
    if (!isDumped && index === undefined) return
    const name = index?.directory || `127.0.0.1-${formatStamp(new Date())}`
    const directory = path.join(dumpPath, path.basename(name))
    mkdirSync(directory, { recursive: true, mode: 0o755 })
    for (const file of index?.files ?? []) {
      if (!SAVED_NAMES.includes(file.name)) continue
      const text = unpackText(readAt(fd, file.offsetBytes, file.sizeBytes))
      writeDurably(path.join(directory, `${file.name}.tmp`), [text])
      renameDurably(path.join(directory, `${file.name}.tmp`), path.join(directory, file.name))
    }
    const problem = isDumped ? saveDump(node, directory, index) : 'no dump was written'
    sumFiles(directory)
    wipe(fd, sizeBytes)
    if (problem === '') tell(`Dump saved to ${directory}/vmcore`)
    else tell(`The dump on ${node} is not complete (${problem}); see ${directory}`, true)
  } finally {
    closeSync(fd)
  }
}

/** @returns why the dump is not whole, '' if it is */
function saveDump(node: string, directory: string, index?: RawIndex): string {
  const unfinished = path.join(directory, 'vmcore-incomplete')
  const output = openFileOutput(unfinished, { overwrite: true })
  let problem = ''
  try {
    const stream = openSync(node, 'r')
    try {
      rearrange(stream, node, output)
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
      problem = error.message
    } finally {
      closeSync(stream)
    }
    if (output.problem) {
      throw new HostError(
        `${output.problem.message}: the dump stays on ${node}; make room and run kbox collect`,
        output.problem.errno,
      )
    }
    output.sync()
  } finally {
    output.close()
  }
  if (problem === '' && index?.dumpName.endsWith('-incomplete')) problem = 'the capture says so'
  if (problem === '') renameDurably(unfinished, path.join(directory, 'vmcore'))
  return problem
}

/** On the device the dump was a stream without a sum: its manifest is to tell of the files that came of it. */
function sumFiles(directory: string): void {
  const manifest = path.join(directory, 'kbox.json')
  if (!existsSync(manifest)) return
  const read = attempt(() => Members.parse(manifest, readFileSync(manifest, 'utf8')))
  if (!read) return
  const names = ['vmcore', 'vmcore-incomplete', 'vmcore-dmesg.txt', 'kexec-dmesg.log']
  const files = names
    .map((name) => path.join(directory, name))
    .filter((file) => existsSync(file))
    .map((file) => hashFile(file))
    .map(({ name, sizeBytes, sha256 }) => [path.basename(name), { sizeBytes, sha256 }])
  const text = formatManifest({ ...read.all(), files: Object.fromEntries(files) })
  writeDurably(`${manifest}.tmp`, [text])
  renameDurably(`${manifest}.tmp`, manifest)
}

function readIndex(fd: number, node: string, sizeBytes: number): RawIndex | undefined {
  try {
    return parseRawIndex(node, readAt(fd, rawAreaOffset(sizeBytes), RAW_BLOCK_SIZE), sizeBytes)
  } catch (error) {
    // What lies at the start is a dump all the same.
    if (error instanceof KdumpError) return undefined
    throw error
  }
}

function wipe(fd: number, sizeBytes: number): void {
  writeSync(fd, new Uint8Array(WIPE_SIZE), 0, WIPE_SIZE, 0)
  writeSync(fd, new Uint8Array(RAW_BLOCK_SIZE), 0, RAW_BLOCK_SIZE, rawAreaOffset(sizeBytes))
  fsyncSync(fd)
}

function readAt(fd: number, offset: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let done = 0, got = 1; got > 0 && done < size; done += got)
    got = readSync(fd, bytes, done, size - done, offset + done)
  return bytes
}
