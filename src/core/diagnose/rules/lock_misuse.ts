// A lock that is no lock, is released by who does not hold it, or taken twice, as the debugging of locks finds it. Source:
// kernel/locking/spinlock_debug.c spin_bug(), kernel/locking/lockdep.c, kernel/locking/mutex-debug.c.
import { formatHex } from '../../base/hex.ts'
import { thingText } from '../address_text.ts'
import { blame } from '../blame.ts'
import { failedCheck } from '../failed_check.ts'
import { inCulprit, pathText } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import type { Evidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import type { Trouble } from '../trouble.ts'

/** What the words mean. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/bad magic/, 'a lock was used that is none: never initialised, freed or written over'],
  [/recursion|recursive locking/, 'a lock was taken by who holds it already'],
  [/already unlocked|bad unlock balance/, 'a lock was released that nobody holds'],
  [/wrong (?:CPU|owner)/, 'a lock was released by who does not hold it'],
  [/lockup/, 'a spin lock was waited for without end'],
  [/lock held when returning|lock held at task exit/, 'a task left the kernel with a lock held'],
  [
    /inconsistent lock state|irq lock/,
    'a lock is taken in interrupts, and elsewhere with interrupts enabled',
  ],
  [/circular locking/, 'locks are taken in an order in which tasks can wait for each other'],
  [/DEBUG_LOCKS_WARN_ON/, 'a lock was used in a way that is wrong'],
]

export const lockMisuse: Rule = {
  name: 'lock-misuse',
  summary: 'a lock not initialised, released by another, or taken twice',
  needs: ['symbols', 'log'],
  *find(scene) {
    for (const { fault, index, role, explains, limit } of scene.incidents) {
      const { trouble, frames } = fault
      const line = trouble && misuseOf(trouble, failedCheck(scene, fault)?.message ?? '')
      if (!trouble || line === undefined) continue
      const culprit = blame(scene.program, frames)
      const meaning = MEANINGS.find(([words]) => words.test(line))?.[1]
      yield {
        kind: 'lock-misuse',
        role,
        title: `${meaning ?? 'a lock was misused'}${inCulprit(culprit)}`,
        confidence: atMost(trouble.kind === 'warning' ? 'likely' : 'certain', limit),
        evidence: [
          { text: `the log says: ${line}`, command: 'log' },
          ...lockEvidence(scene, trouble),
          { text: `the way there: ${pathText(scene.program, frames, 6)}`, command: 'bt' },
        ],
        refutedBy: ['the memory around the lock was written over, and the lock with it'],
        culprit,
        next: [
          { text: 'find where the lock is initialised, and who else takes it', command: '' },
          { text: 'see who called', command: 'bt' },
        ],
        explains: ['warning', ...explains],
        ...(index === undefined ? {} : { fault: index }),
      }
    }
  },
}

/** The line that tells of misuse; undefined for other trouble. */
function misuseOf(trouble: Trouble, message: string): string | undefined {
  if (trouble.kind === 'lock-misuse') return trouble.line
  return message.startsWith('DEBUG_LOCKS_WARN_ON(') ? message : undefined
}

/** ` lock: routes_lock+0x0/0x20, .magic: 00000000, .owner: sh/812, .owner_cpu: 1`: an address where it has no symbol. */
function lockEvidence({ lines, program }: Scene, { start, end }: Trouble): Evidence[] {
  const line = lines.slice(start, end).find(({ text }) => /^\s*lock: /.test(text))
  if (!line) return []
  const [, hex] = /^\s*lock: (?:0x)?([\da-f]{16}),/.exec(line.text) ?? []
  if (hex === undefined) return [{ text: line.text.trim(), command: 'log' }]
  const address = BigInt(`0x${hex}`)
  const thing = thingText(program, address)
  const text = `${line.text.trim()}${thing === '' ? '' : `: in ${thing}`}`
  return [{ text, address, command: `what ${formatHex(address).slice(2)}` }]
}
