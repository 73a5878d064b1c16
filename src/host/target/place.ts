// Places that take dumps, as the capture kernel is told them: JSON of capture.json. Everything that can be known when
// the machine is armed is in it, so that the capture kernel need not ask a name server or read /etc.
import { assertNever } from '../../core/base/assert.ts'
import type { Members } from '../platform/members.ts'

/** A file system on a disk of this machine. */
export interface FilesystemPlace {
  readonly kind: 'filesystem'
  readonly fstype: string
  /** The device is found by its file system's UUID, else by its node. Names change between kernels; UUIDs do not. */
  readonly uuid: string
  readonly node: string
  /** Mount options of the file system's own, such as `subvolid=5`. */
  readonly options: string
  /** Directory of the dumps, from the top of the file system. */
  readonly directory: string
}

/** A disk or partition without a file system: a flattened dump lies at its start. */
export interface RawPlace {
  readonly kind: 'raw'
  /** Node at the time of arming; names change between kernels. */
  readonly node: string
  /** What it is found by, most trusted first, as in /dev/disk: `partuuid`, `wwid`, `serial`; '' where it has none. */
  readonly partuuid: string
  readonly wwid: string
  readonly serial: string
  readonly sizeBytes: number
}

/** A directory exported by an NFS server. */
export interface NfsPlace {
  readonly kind: 'nfs'
  /** As written, for people. */
  readonly server: string
  /** What the server's name meant when the machine was armed, to be tried in turn. */
  readonly addresses: readonly string[]
  readonly export: string
  /** Mount options, such as `vers=3`. */
  readonly options: string
  readonly directory: string
}

/** A directory behind an SSH server. */
export interface SshPlace {
  readonly kind: 'ssh'
  readonly user: string
  readonly host: string
  readonly port: number
  readonly addresses: readonly string[]
  /** Private key; a path in the image. */
  readonly keyFile: string
  /** Public keys the server may show, base64 as in known_hosts; never empty. */
  readonly hostKeys: readonly string[]
  readonly directory: string
  /** Write `vmcore.flat`, as kdump does, instead of a `vmcore` in place. */
  readonly isFlattened: boolean
}

/** A server that takes files by PUT. */
export interface HttpPlace {
  readonly kind: 'http'
  /** Folder of the dumps. */
  readonly url: string
  readonly addresses: readonly string[]
  /** Bearer token, a file in the image; '' for none. */
  readonly tokenFile: string
  /** Certificates to trust, a file in the image; '' for those that Node brings. */
  readonly caFile: string
  /** The server may be asked whether it takes parts (Content-Range), so that an interrupted upload can go on. */
  readonly takesRanges: boolean
}

/** Any place. */
export type CapturePlace = FilesystemPlace | RawPlace | NfsPlace | SshPlace | HttpPlace

/** Parse one place. @throws {FormatError} naming the member that is missing or of the wrong kind */
export function parsePlace(read: Members): CapturePlace {
  const kind = read.oneOf('kind', ['filesystem', 'raw', 'nfs', 'ssh', 'http'])
  switch (kind) {
    case 'filesystem':
      return {
        kind,
        fstype: read.string('fstype'),
        uuid: read.string('uuid'),
        node: read.string('node'),
        options: read.string('options'),
        directory: read.string('directory'),
      }
    case 'raw':
      return {
        kind,
        node: read.string('node'),
        partuuid: read.string('partuuid'),
        wwid: read.string('wwid'),
        serial: read.string('serial'),
        sizeBytes: read.number('sizeBytes'),
      }
    case 'nfs':
      return {
        kind,
        server: read.string('server'),
        addresses: read.strings('addresses'),
        export: read.string('export'),
        options: read.string('options'),
        directory: read.string('directory'),
      }
    case 'ssh':
      return {
        kind,
        user: read.string('user'),
        host: read.string('host'),
        port: read.number('port'),
        addresses: read.strings('addresses'),
        keyFile: read.string('keyFile'),
        hostKeys: read.strings('hostKeys'),
        directory: read.string('directory'),
        isFlattened: read.boolean('isFlattened'),
      }
    case 'http':
      return {
        kind,
        url: read.string('url'),
        addresses: read.strings('addresses'),
        tokenFile: read.string('tokenFile'),
        caFile: read.string('caFile'),
        takesRanges: read.boolean('takesRanges'),
      }
    default:
      return assertNever(kind)
  }
}

/** Does a place lie behind a network? */
export function isRemote({ kind }: CapturePlace): boolean {
  return kind === 'nfs' || kind === 'ssh' || kind === 'http'
}

/** Format for people, as kdump.conf would write it. */
export function formatPlace(place: CapturePlace): string {
  switch (place.kind) {
    case 'filesystem':
      return `${place.fstype} ${place.uuid === '' ? place.node : `UUID=${place.uuid} (was ${place.node})`}`
    case 'raw':
      return `raw ${place.node}`
    case 'nfs':
      return `nfs ${place.server.includes(':') ? `[${place.server}]` : place.server}:${place.export}`
    case 'ssh':
      return `ssh ${place.user}@${place.host}${place.port === 22 ? '' : ` port ${place.port}`}`
    case 'http':
      return `http ${place.url}`
    default:
      return assertNever(place)
  }
}
