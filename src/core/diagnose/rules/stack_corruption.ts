// The value that the stack protector keeps behind a function's arrays was written over: an array of that function was
// overrun. Source: kernel/panic.c __stack_chk_fail().
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { culpritOf } from '../blame.ts'
import { inCulprit, pathText } from '../frame_text.ts'
import type { NamedFrame } from '../named_frame.ts'
import { bareName } from '../panic_machinery.ts'
import type { Evidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

const PANIC = /^stack-protector: Kernel stack is corrupted in: /
/** Words of text looked for around the frame. */
const WORDS = 24
const PAGE = 4096

export const stackCorruption: Rule = {
  name: 'stack-corruption',
  summary: 'an array on the stack overrun, as the stack protector finds it',
  needs: ['symbols'],
  *find(scene) {
    const { frames } = scene.panicTrace
    const check = frames.findIndex(
      ({ name }) => name !== null && bareName(name) === '__stack_chk_fail',
    )
    if (check < 0 && !PANIC.test(scene.panicReason)) return
    const callers = check < 0 ? [] : frames.slice(check + 1)
    const [frame] = callers
    const culprit = frame ? culpritOf(scene.program, frame) : null
    yield {
      kind: 'stack-corruption',
      role: 'cause',
      title: `an array on the stack was overrun${inCulprit(culprit)}`,
      confidence: 'certain',
      evidence: [
        ...(scene.panicReason === '' ? [] : [{ text: scene.panicReason, command: 'log' }]),
        ...(frame ? writtenEvidence(scene, frame) : []),
        { text: `the way there: ${pathText(scene.program, callers, 6)}`, command: 'bt' },
      ],
      refutedBy: [
        'who writes is a function that was given the address of the array: look at what it calls',
      ],
      culprit,
      next: [
        { text: 'look at the frame: what was written shows who wrote', command: 'bt -f' },
        { text: 'look for arrays whose index or length comes from outside', command: '' },
      ],
      // Whoever called it: return addresses behind the array may be overwritten as well.
      explains: ['panic'],
    }
  },
}

/** Text above the frame: an array filled from a string runs on as text. */
function writtenEvidence({ program }: Scene, { sp }: NamedFrame): Evidence[] {
  // A page may end there, and with it what is in the dump.
  const size = Math.min(WORDS * 8, PAGE - Number(sp % BigInt(PAGE)))
  const bytes = attempt(() => program.memory.bytes(sp, size))
  const text = bytes && String.fromCharCode(...bytes).match(/[ -~]{16,}/)?.[0]
  if (text === undefined) return []
  return [
    {
      text: `the stack reads ${JSON.stringify(text.slice(0, 48))}`,
      address: sp,
      command: `rd -a ${formatHex(sp).slice(2)} ${WORDS}`,
    },
  ]
}
