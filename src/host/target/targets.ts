// The kinds of target, and opening whichever a place is of.
import { assertNever } from '../../core/base/assert.ts'
import { filesystem } from './filesystem.ts'
import { nfs } from './nfs/nfs.ts'
import type { CapturePlace } from './place.ts'
import { raw } from './raw.ts'
import type { OpenTarget, TargetDeadlines, TargetHost } from './target.ts'

/**
 * Open a place. What servers need is loaded for them only: memory is short where this runs.
 *
 * @throws {HostError} if it cannot be used
 */
export async function openPlace(
  place: CapturePlace,
  host: TargetHost,
  deadlines: TargetDeadlines,
): Promise<OpenTarget> {
  switch (place.kind) {
    case 'filesystem':
      return filesystem.open(place, host, deadlines)
    case 'raw':
      return raw.open(place, host, deadlines)
    case 'http':
      return (await import('./http/http.ts')).http.open(place, host, deadlines)
    case 'nfs':
      return nfs.open(place, host, deadlines)
    case 'ssh':
      return (await import('./ssh/ssh.ts')).ssh.open(place, host, deadlines)
    default:
      return assertNever(place)
  }
}
