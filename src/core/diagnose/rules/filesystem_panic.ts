// A file system told to panic when it finds itself damaged (errors=panic). Source: fs/ext4/super.c ext4_handle_error(),
// fs/xfs/xfs_fsops.c, fs/btrfs/messages.c __btrfs_panic(), fs/f2fs/super.c.
import { unitCulprit } from '../blame.ts'
import type { Evidence, Rule } from '../rule.ts'
import type { LogLine } from '../trouble.ts'

/** `EXT4-fs (device sda1): panic…`, `BTRFS panic (device sda1) in …`, `XFS (sda1): …`. */
const WHO =
  /\b(EXT\d-fs|BTRFS|XFS|F2FS-fs|UBIFS|GFS2|JFS|ocfs2|OCFS2|NILFS|FAT-fs)[^(]{0,40}\((?:device )?([^):\s]{1,32})/
const SHOWN_MAX = 5

export const filesystemPanic: Rule = {
  name: 'filesystem-panic',
  summary: 'a file system told to panic when it finds damage',
  needs: ['log'],
  *find(scene) {
    if (scene.words.kind !== 'filesystem-error') return
    const [, type = 'a file system', device = ''] = WHO.exec(scene.panicReason) ?? []
    const errors = scene.lines.filter(({ text }) => device !== '' && isErrorOf(text, device))
    const inputOutput = errors.filter(({ text }) => text.includes('I/O error'))
    const on = device === '' ? '' : ` on ${device}`
    const after = inputOutput.length > 0 ? ', after I/O errors of its device' : ''
    yield {
      kind: 'filesystem-error',
      role: 'cause',
      title: `${type}${on} found damage and was told to panic then${after}`,
      confidence: 'certain',
      evidence: [
        { text: `panic: ${scene.panicReason}`, command: 'log' },
        ...firstOf(inputOutput),
        ...firstOf(errors.filter((line) => !inputOutput.includes(line))),
      ],
      refutedBy: ['the damage is in memory only: the file system is whole when it is checked'],
      culprit: unitCulprit(`${type}${on}`),
      next: [
        { text: `check the file system${on} before it is mounted again`, command: '' },
        { text: 'see where it is mounted, and with which options', command: 'mount' },
        ...(inputOutput.length > 0
          ? [{ text: 'look after the device: its errors came first', command: '' }]
          : []),
      ],
      explains: ['panic'],
    }
  },
}

function isErrorOf(text: string, device: string): boolean {
  if (text.startsWith('Kernel panic')) return false
  const isError = /\berror|corrupt|I\/O error|warning|aborting|critical/i.test(text)
  return (
    isError && new RegExp(String.raw`\b${device.replace(/[^\w]/g, String.raw`\$&`)}\b`).test(text)
  )
}

const firstOf = (lines: readonly LogLine[]): Evidence[] =>
  lines.slice(0, SHOWN_MAX).map(({ text }) => ({ text: `the log says: ${text}`, command: 'log' }))
