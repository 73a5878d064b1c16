// The kinds of target, and opening whichever a place is of.
import { UnsupportedError } from '../../core/base/errors.ts'
import { filesystem } from './filesystem.ts'
import type { CapturePlace } from './place.ts'
import { raw } from './raw.ts'
import { ssh } from './ssh.ts'
import type { OpenTarget, TargetDeadlines, TargetHost } from './target.ts'

/**
 * Open a place.
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
    case 'ssh':
      return ssh.open(place, host, deadlines)
    default:
      throw new UnsupportedError(`${place.kind} targets`)
  }
}
