// A directory exported by an NFS server: asked whether it is there, mounted by the kernel alone, written to like a disk.
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import { askFirst, askUntilSilent } from '../asked_directory.ts'
import { freeBytesOf, makeMountedFolder } from '../mounted_folder.ts'
import { pingNfs, type NfsAnswer } from './nfs_ping.ts'
import { formatNfsOptions, parseNfsOptions, type NfsOptions } from './nfs_options.ts'
import { formatPlace, type NfsPlace } from '../place.ts'
import type { TargetHost, TargetKind } from '../target.ts'

const PAUSE_MS = 500
/** Of one question; a server that is busy starting is asked again. */
const ANSWER_TIMEOUT_MS = 10_000
/** How long a server that was there may be silent: longer than one takes that another one stands in for. */
const SILENCE_MAX_MS = 30_000

/** NFS 4.2, 4.1, 4.0 and 3, over TCP. */
export const nfs: TargetKind<NfsPlace> = {
  kind: 'nfs',
  async open(place, host, { openMs }) {
    const options = parseNfsOptions(place.options)
    if (!options)
      throw new HostError(
        `${formatPlace(place)}: '${place.options}' names no version of NFS we know`,
      )
    const answer = await host.step('connect', () => findServer(place, options, host, openMs))
    await host.step('mount', () => mountExport(place, options, answer, host))
    const parent = path.join(host.mountpoint, place.directory)
    const here = { ...place, addresses: [answer.address] }
    const { ask, isGivenUp } = askUntilSilent(async () => {
      await findServer(here, options, host, host.now() + SILENCE_MAX_MS)
    })
    return {
      name: parent,
      clientAddress: answer.clientAddress,
      dumpName: 'vmcore',
      takesReserve: true,
      freeBytes: async () => freeBytesOf(host.mountpoint),
      async makeDirectory(name) {
        await ask()
        return askFirst(makeMountedFolder(parent, name, host), ask)
      },
      async close() {
        // To unmount a dead server's file system takes minutes; the next target can be mounted above it.
        if (isGivenUp()) return
        // Each file was flushed to the server when it was finished; sync() would wait for other file systems too.
        await host.step('unmount', () => host.unmount())
      },
    }
  },
}

/** Ask all addresses in turn until one answers. */
async function findServer(
  place: NfsPlace,
  { versions, port }: NfsOptions,
  host: TargetHost,
  openMs: number,
): Promise<NfsAnswer> {
  const version = Math.floor(Number(versions[0]))
  for (let tries = 0; ; tries++) {
    const errors: string[] = []
    for (const address of place.addresses) {
      host.heartbeat(`nfs ${tries} ${address}`)
      const timeoutMs = Math.min(ANSWER_TIMEOUT_MS, openMs - host.now())
      if (timeoutMs <= 0) break
      try {
        return await pingNfs(address, port, version, timeoutMs)
      } catch (error) {
        if (!(error instanceof HostError)) throw error
        errors.push(error.message)
      }
    }
    if (tries === 0) host.say(`waiting for the NFS server ${place.server}: ${errors.join('; ')}`)
    if (host.now() + PAUSE_MS >= openMs) {
      const why = errors.join('; ') || 'time is up'
      throw new HostError(`NFS server ${place.server} does not answer: ${why}`, 'ETIMEDOUT')
    }
    await host.sleep(PAUSE_MS)
  }
}

/** Try the versions in turn. The kernel's errors for "not that version" are many, so that any of them means the next. */
function mountExport(
  place: NfsPlace,
  options: NfsOptions,
  { address, clientAddress, hasVersion }: NfsAnswer,
  host: TargetHost,
): void {
  const { server, export: folder } = place
  const source = `${server.includes(':') ? `[${server}]` : server}:${folder}`
  const versions = hasVersion
    ? options.versions
    : options.versions.filter((version) => version === '3')
  const failures: string[] = []
  let errno = 'EPROTONOSUPPORT'
  for (const version of versions) {
    host.heartbeat(`mount ${version}`)
    try {
      host.mount(source, 'nfs', formatNfsOptions(version, options, address, clientAddress))
      return
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      failures.push(`NFS ${version}: ${error.errno}`)
      // The first try is the best version; what the last one says is often only that it is not offered.
      if (failures.length === 1) ({ errno } = error)
      // It has been waited for long enough.
      if (error.errno === 'ETIMEDOUT') break
    }
  }
  const why = failures.join(', ') || `the server has no NFS ${options.versions.join(' or ')}`
  throw new HostError(`${source} at ${address} cannot be mounted: ${why}${remedyOf(errno)}`, errno)
}

function remedyOf(errno: string): string {
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return ' (does the server export it to this machine, read-write?)'
    case 'ENOENT':
      return ' (there is no such directory, or it is not exported)'
    case 'ENODEV':
      return ' (this kernel lacks the nfs module)'
    default:
      return ''
  }
}
