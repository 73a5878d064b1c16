// A server that takes files by PUT; docs/http_target.md says what it must do, and what it may.
import { readFileSync } from 'node:fs'
import { HostError } from '../../../core/base/errors.ts'
import { errnoOf } from '../../platform/file_error.ts'
import { HttpClient, type HttpAccess } from './http_client.ts'
import { makeHttpDirectory } from './http_directory.ts'
import { refusal } from './http_status.ts'
import { keepTrying, PATIENCE, type Patience } from '../patience.ts'
import type { HttpPlace } from '../place.ts'
import { ServerTries } from '../server_tries.ts'
import type { OpenTarget, TargetDeadlines, TargetHost, TargetKind } from '../target.ts'

/** Any server with PUT: WebDAV, object stores behind a gateway, one's own receiver. */
export const http: TargetKind<HttpPlace> = {
  kind: 'http',
  open: (place, host, deadlines) => openHttp(place, host, deadlines, PATIENCE),
}

/**
 * Connect, and show the token.
 *
 * @throws {HostError} if the server cannot be reached or does not accept it
 */
export async function openHttp(
  place: HttpPlace,
  host: TargetHost,
  { openMs, endMs }: TargetDeadlines,
  patience: Patience,
): Promise<OpenTarget> {
  const client = new HttpClient(accessOf(place), patience.replyMs)
  const context = { client, tries: new ServerTries(host, patience, endMs) }
  try {
    await host.step('connect', () =>
      keepTrying(host, patience, openMs, async () => {
        const replyMs = Math.max(1, Math.min(patience.replyMs, openMs - host.now()))
        const reply = await client.request({ method: 'HEAD', path: '' }, replyMs)
        // Folders need not be there, nor be anyone's to look at; who we are must be accepted.
        if (reply.status === 401) throw refusal(reply, `${client.name}: HEAD`)
      }),
    )
  } catch (error) {
    client.close()
    throw error
  }
  return {
    name: client.name,
    clientAddress: client.clientAddress,
    dumpName: 'vmcore.flat',
    takesReserve: false,
    freeBytes: async () => undefined,
    makeDirectory: (name) => makeHttpDirectory(context, name, place.takesRanges),
    async close() {
      client.close()
    },
  }
}

function accessOf({ url, addresses, tokenFile, caFile }: HttpPlace): HttpAccess {
  const folder = new URL(url)
  if (!folder.pathname.endsWith('/')) folder.pathname += '/'
  return {
    url: folder,
    addresses,
    token: tokenFile === '' ? undefined : readText(tokenFile).trim(),
    ca: caFile === '' ? undefined : readText(caFile),
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new HostError(`${file}: cannot be read: ${errnoOf(cause)}`, errnoOf(cause), { cause })
  }
}
