// The directory of one crash on an SSH server.
import { posix } from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import type { DumpOutput } from '../../platform/dump_output.ts'
import { flattenOutput } from '../../platform/flattened_output.ts'
import type { SshLink } from './ssh_link.ts'
import { openSshOutput } from './ssh_output.ts'
import type { SshSession } from './ssh_session.ts'
import type { TargetDirectory } from '../target.ts'

const SHA256 = /^([0-9a-f]{64})\s/
const HEARTBEAT_MS = 1000

/** How dumps are written. */
export interface SshDirectoryOptions {
  readonly isFlattened: boolean
}

/** Make `name` below `parent` (made if need be) and offer it. @throws {HostError} with errno EEXIST if it is there */
export async function makeSshDirectory(
  link: SshLink,
  parent: string,
  name: string,
  { isFlattened }: SshDirectoryOptions,
): Promise<TargetDirectory> {
  const folder = posix.join(parent, name)
  await link.run(async (session, replyMs) => {
    await makeParents(session, parent, replyMs)
    try {
      await session.makeDirectory(folder, 0o755, replyMs)
    } catch (cause) {
      if (!(cause instanceof HostError) || session.lost) throw cause
      if (!(await session.stat(folder, replyMs))) throw cause
      throw new HostError(`${session.name}: ${folder} is there already`, 'EEXIST', { cause })
    }
  })
  const at = (file: string): string => posix.join(folder, file)
  const openDump = async (file: string): Promise<DumpOutput> => {
    const output = await openSshOutput(link, at(file))
    return isFlattened ? flattenOutput(output) : output
  }
  return {
    name: folder,
    async writeFile(file, pieces, unfinished = `${file}.tmp`) {
      const output = await openSshOutput(link, at(unfinished))
      try {
        await writePieces(output, pieces)
        await output.sync()
      } finally {
        await output.close()
      }
      if (unfinished !== file) await rename(link, at(unfinished), at(file))
    },
    openDump,
    openStream: (file) => openSshOutput(link, at(file)),
    rename: (from, to) => rename(link, at(from), at(to)),
    remove: (file) => link.run((session, replyMs) => session.remove(at(file), replyMs)),
    sizeOf: (file) =>
      link.run(async (session, replyMs) => (await session.stat(at(file), replyMs))?.size),
    digestOf: (file, endMs) => digestFile(link, at(file), endMs),
    discard: async () => {
      await link.run((session, replyMs) => session.removeDirectory(folder, replyMs))
    },
  }
}

async function makeParents(session: SshSession, folder: string, replyMs: number): Promise<void> {
  const stat = await session.stat(folder, replyMs)
  if (stat?.isDirectory()) return
  if (stat) throw new HostError(`${session.name}: ${folder} is not a directory`, 'ENOTDIR')
  const parent = posix.dirname(folder)
  if (parent !== folder) await makeParents(session, parent, replyMs)
  try {
    await session.makeDirectory(folder, 0o755, replyMs)
  } catch (error) {
    // Another machine that crashes at the same moment may have made it.
    if (session.lost || !(await session.stat(folder, replyMs))?.isDirectory()) throw error
  }
}

async function writePieces(
  output: DumpOutput,
  pieces: Iterable<string | Uint8Array>,
): Promise<void> {
  let offset = 0
  for (const piece of pieces) {
    offset += output.write(offset, typeof piece === 'string' ? Buffer.from(piece) : piece)
    await output.drain?.()
    if (output.problem) throw output.problem
  }
}

/** A rename whose answer was lost with the connection has happened: then only the new name is there. */
function rename(link: SshLink, from: string, to: string): Promise<void> {
  let tries = 0
  return link.run(async (session, replyMs) => {
    const isRepeated = ++tries > 1
    if (isRepeated && !(await session.stat(from, replyMs)) && (await session.stat(to, replyMs)))
      return
    await session.rename(from, to, replyMs)
  })
}

/** Ask the server for the sum: an account that may run commands has sha256sum; one for SFTP only has not. */
async function digestFile(link: SshLink, file: string, endMs: number): Promise<string | undefined> {
  const { host } = link.tries
  const timeoutMs = Math.min(endMs, link.tries.endMs) - host.now()
  if (timeoutMs <= 0) return undefined
  let beats = 0
  const timer = setInterval(() => host.heartbeat(`digest ${beats++}`), HEARTBEAT_MS)
  try {
    const session = await link.session()
    const text = await session.run(`sha256sum < ${quoteForShell(file)}`, timeoutMs)
    return SHA256.exec(text)?.[1]
  } catch {
    return undefined
  } finally {
    clearInterval(timer)
  }
}

/** Quote for a POSIX shell. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
