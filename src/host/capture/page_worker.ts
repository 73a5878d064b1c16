// A thread that packs pages: see page_pool.ts.
import { parentPort, workerData } from 'node:worker_threads'
import { getCodec } from '../../core/codec/codecs.ts'
import { registerNativeCodecs } from '../platform/native_codecs.ts'
import { dumpPages, erasedPages } from './dump_pages.ts'
import { openDumpPath } from './open_pages.ts'
import type { PackReply, PackRequest, WorkerSettings } from './page_pool.ts'
import { PagePacker } from './page_packer.ts'
import { SeenPages } from './seen_pages.ts'

registerNativeCodecs()
const { path, codec, shareZeros, seen, erase, rooms } = workerData as WorkerSettings
const dump = openDumpPath(path)
const packer = new PagePacker(erasedPages(dumpPages(dump), erase), {
  codec: codec === undefined ? undefined : getCodec(codec),
  shareZeros,
  seen: seen && new SeenPages(seen),
})

parentPort?.on('message', ({ room, count, job }: PackRequest) => {
  const shared = rooms[room]
  if (!shared) throw new Error(`no room ${room}`)
  packer.pack(shared.pfns, count, shared.packed, job)
  const reply: PackReply = { room, used: shared.packed.used }
  parentPort?.postMessage(reply)
})
