// What tells crashes of one kind apart besides their frames: words that are the same on every machine and in every boot.
import type { CrashKind } from './crash_kind.ts'
import type { Finding } from './rule.ts'
import type { Scene } from './scene.ts'

/** The detail of a kind; '' where frames say all. */
export function signatureDetail(
  scene: Scene,
  kind: CrashKind,
  finding: Finding | undefined,
): string {
  switch (kind) {
    case 'init-died':
      return firstMatch(scene.panicReason, /exitcode=(0x[\da-f]+)/)
    case 'out-of-memory':
      return [constraint(scene), commClass(finding)].filter((part) => part !== '').join(' ')
    case 'machine-check':
    case 'hardware-error':
      return firstMatch(finding?.culprit?.unit ?? '', /\b(bank \d+)/i).toLowerCase()
    case 'filesystem-error':
      return firstMatch(finding?.culprit?.unit ?? '', /^(\S+)/)
    default:
      return ''
  }
}

const firstMatch = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? ''

/** `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=…` of the last kill. @source mm/oom_kill.c dump_oom_summary() */
function constraint({ lines }: Scene): string {
  const line = lines.findLast(({ text }) => text.startsWith('oom-kill:constraint='))
  return firstMatch(line?.text ?? '', /^oom-kill:constraint=(\w+)/)
}

/** The name of the process that had most, without numbers: `worker-17` and `worker-3` are of a kind. */
function commClass(finding: Finding | undefined): string {
  return firstMatch(finding?.culprit?.unit ?? '', /"([^"]*)"/).replace(/[-_:/]?\d+/g, '')
}
