// Erasing what the kernel keeps of keys: the bytes of every user and logon key, wherever the key lies. No rule says this:
// keys are in a tree, and rules know lists only. Copies elsewhere (a cipher's key schedule, freed memory) stay.
import { KdumpError } from '../../../core/base/errors.ts'
import { forEachKey, userKeyPayload } from '../../../core/kernel/keys.ts'
import type { Program } from '../../../core/program/program.ts'
import type { ErasePlan } from './erase_plan.ts'
import { EraseRanges } from './erase_ranges.ts'

/** What is erased of keys. */
export interface KeyErasure extends Pick<ErasePlan, 'ranges' | 'info'> {
  readonly keys: number
  /** Why it is not all of them; '' if it is. */
  readonly problem: string
}

/** In eraseinfo, as a rule would be written. */
const WORDS = '(struct user_key_payload *)key.payload.data'

/** Find the bytes of a dump's keys. */
export function planKeyErasure(program: Program): KeyErasure {
  const ranges = new EraseRanges(program.memory)
  let keys = 0
  let problem = ''
  const attemptIn = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
      problem = error.message
    }
  }
  attemptIn(() => {
    for (const key of forEachKey(program)) {
      attemptIn(() => {
        const payload = userKeyPayload(key)
        if (!payload || ranges.isFull) return
        ranges.add(WORDS, payload.address, payload.size, false)
        keys++
      })
    }
  })
  return { ranges: [...ranges.physical()], info: ranges.info(), keys, problem }
}
