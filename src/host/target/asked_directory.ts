// A mounted directory whose server is asked, before the kernel is, whether it is still there. Each call into a dead
// server's file system would wait for the mount's patience; so the server is given up once, and nothing waits after that.
import { HostError } from '../../core/base/errors.ts'
import type { TargetDirectory } from './target.ts'

/** Asks a server. @throws {HostError} if it does not answer */
export type AskServer = () => Promise<void>

/** A server that is asked until it does not answer. */
export interface AskedServer {
  readonly ask: AskServer
  /** It did not answer, and is asked no more. */
  isGivenUp(): boolean
}

/** Remember that a server did not answer. */
export function askUntilSilent(ask: AskServer): AskedServer {
  let givenUp: HostError | undefined
  return {
    isGivenUp: () => givenUp !== undefined,
    async ask() {
      if (givenUp) throw new HostError(`given up: ${givenUp.message}`, givenUp.errno)
      try {
        await ask()
      } catch (error) {
        if (error instanceof HostError) givenUp = error
        throw error
      }
    },
  }
}

/** Ask before each use of a directory. */
export function askFirst(directory: TargetDirectory, ask: AskServer): TargetDirectory {
  return {
    name: directory.name,
    async writeFile(name, pieces, unfinished) {
      await ask()
      await directory.writeFile(name, pieces, unfinished)
    },
    async openDump(name) {
      await ask()
      return directory.openDump(name)
    },
    async openStream(name) {
      await ask()
      return directory.openStream(name)
    },
    async rename(from, to) {
      await ask()
      await directory.rename(from, to)
    },
    async remove(name) {
      await ask()
      await directory.remove(name)
    },
    async sizeOf(name) {
      await ask()
      return directory.sizeOf(name)
    },
    async digestOf(name, endMs) {
      await ask()
      return directory.digestOf(name, endMs)
    },
    async discard() {
      await ask()
      await directory.discard()
    },
  }
}
