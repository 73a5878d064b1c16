// A file system on a disk of this machine: waited for, mounted, written to, unmounted.
import path from 'node:path'
import { HostError } from '../../core/base/errors.ts'
import { freeBytesOf, makeMountedFolder } from './mounted_folder.ts'
import { formatPlace, type FilesystemPlace } from './place.ts'
import type { TargetHost, TargetKind } from './target.ts'

const POLL_INTERVAL_MS = 100

/** ext2, ext3, ext4, xfs and btrfs on anything the kernel calls a block device. */
export const filesystem: TargetKind<FilesystemPlace> = {
  kind: 'filesystem',
  async open(place, host, { openMs }) {
    const node = await host.step('device', () => waitForDevice(place, host, openMs))
    await host.step('mount', () => host.mount(node, place.fstype, place.options))
    const parent = path.join(host.mountpoint, place.directory)
    return {
      name: parent,
      clientAddress: '127.0.0.1',
      dumpName: 'vmcore',
      takesReserve: true,
      freeBytes: async () => freeBytesOf(host.mountpoint),
      makeDirectory: async (name) => makeMountedFolder(parent, name, host),
      async close() {
        await host.step('unmount', () => {
          host.sync()
          host.unmount()
        })
      },
    }
  },
}

async function waitForDevice(
  place: FilesystemPlace,
  host: TargetHost,
  openMs: number,
): Promise<string> {
  const startMs = host.now()
  for (let tries = 0; ; tries++) {
    const node = host.findDevice(place)
    if (node !== undefined) return node
    if (host.now() >= openMs) {
      const seconds = Math.round((host.now() - startMs) / 1000)
      throw new HostError(`no device with ${formatPlace(place)} after ${seconds} s`, 'ETIMEDOUT')
    }
    if (tries === 10) host.say(`waiting for ${formatPlace(place)}`)
    host.heartbeat(`device ${tries}`)
    await host.sleep(POLL_INTERVAL_MS)
  }
}
