// What an HTTP status means for a dump. Source: RFC 9110 section 15, RFC 4918 section 11.
import { HostError } from '../../../core/base/errors.ts'
import type { HttpReply } from './http_client.ts'

/** Statuses that mean what an errno means; the server said no. */
const ERRNO: Readonly<Record<number, string>> = {
  401: 'EACCES',
  403: 'EACCES',
  404: 'ENOENT',
  405: 'ENOSYS',
  409: 'ENOENT',
  412: 'EEXIST',
  413: 'ENOSPC',
  501: 'ENOSYS',
  507: 'ENOSPC',
}
/** The server said "later": as good as a lost connection. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

/** Is it a yes? */
export function isDone({ status }: HttpReply): boolean {
  return status >= 200 && status < 300
}

/** Check that the server did what it was asked. @throws {HostError} */
export function checkDone(reply: HttpReply, what: string): void {
  if (!isDone(reply)) throw refusal(reply, what)
}

/** The error that a status is. */
export function refusal({ status, headers }: HttpReply, what: string): HostError {
  if (LATER.has(status)) return new HostError(`${what}: status ${status}`, 'EAGAIN')
  if (status >= 300 && status < 400) {
    const where = headers.location ?? 'nowhere'
    return new HostError(`${what}: redirected to ${where}: write that address into kdump.conf`)
  }
  const errno = ERRNO[status] ?? 'EIO'
  const remedy =
    status === 401 || status === 403 ? ': the token is not accepted (http_token of kdump.conf)' : ''
  return new HostError(`${what}: refused with status ${status}${remedy}`, errno)
}
