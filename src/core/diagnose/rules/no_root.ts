// A boot that found no root file system, or no init on it. Source: init/do_mounts.c mount_root_generic(), init/main.c
// kernel_init().
import { attempt } from '../../base/errors.ts'
import { unitCulprit } from '../blame.ts'
import type { Evidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

/** Lines before the panic that are about the root; more is other news. */
const LINES_MAX = 40

export const noRoot: Rule = {
  name: 'no_root',
  summary: 'no root file system could be mounted, or there was no init on it',
  needs: [],
  *find(scene) {
    const { panicReason } = scene
    const why = whyText(panicReason)
    if (why === undefined) return
    const root = parameter(scene, 'root')
    yield {
      kind: 'no-root',
      role: 'cause',
      title: `${why}${root === undefined ? '' : `; the command line said root=${root}`}`,
      confidence: 'certain',
      evidence: [
        { text: `panic: ${panicReason}`, command: 'log' },
        ...commandLine(scene),
        ...lines(scene),
      ],
      refutedBy: ['the same initramfs and command line booting this machine'],
      culprit: unitCulprit(root === undefined ? 'the boot configuration' : `root=${root}`),
      next: [
        { text: 'see which disks and partitions there were', command: 'dev -d' },
        { text: 'see which drivers were loaded', command: 'mod' },
        { text: 'look for the driver of the root disk in the initramfs', command: '' },
      ],
      explains: ['panic'],
    }
  },
}

function whyText(reason: string): string | undefined {
  const [, device] = /Unable to mount root fs (?:on|via) (.+)/.exec(reason) ?? []
  if (device !== undefined) return `no root file system: ${device.trim()} could not be mounted`
  // "Requested init /sbin/foo failed (error -2)."
  const [, init, error] = /Requested init (\S+) failed(?: \(error (-?\d+)\))?/.exec(reason) ?? []
  if (init !== undefined)
    return `no init: ${init} failed${error === undefined ? '' : ` (error ${error})`}`
  return reason.includes('No working init found')
    ? 'no init: none of the usual programs could be run'
    : undefined
}

/** What is said of it: "VFS: Cannot open root device …", the partitions there are, "Failed to execute /init (error -2)". */
function lines(scene: Scene): Evidence[] {
  const at = scene.lines.findLastIndex(({ text }) => text.startsWith('Kernel panic'))
  return scene.lines
    .slice(Math.max(0, at - LINES_MAX), Math.max(at, 0))
    .filter(({ text }) =>
      /^(?:VFS: |Please append a correct|List of all |Failed to execute|Starting init:|Run \S+ as init|RAMDISK: |Initramfs unpacking failed|rootfs image is not)/.test(
        text,
      ),
    )
    .slice(-8)
    .map(({ text }) => ({ text: `the log says: ${text}`, command: 'log' }))
}

function commandLine(scene: Scene): Evidence[] {
  const text = savedCommandLine(scene)
  return text === '' ? [] : [{ text: `command line: ${text}`, command: 'p saved_command_line' }]
}

function savedCommandLine({ program, lines: log }: Scene): string {
  const line = log.find(({ text }) => text.startsWith('Kernel command line: '))
  return (
    attempt(() => program.object('saved_command_line', 'char *').string()) ??
    line?.text.slice('Kernel command line: '.length) ??
    ''
  )
}

/** The last of its kind counts. */
function parameter(scene: Scene, name: string): string | undefined {
  const words = savedCommandLine(scene).split(/\s+/)
  return words.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
}
