// Another kdump beside ours: both load an image at boot, and the one that comes last wins.
import type { Check } from '../check.ts'

const WANTS = [
  'etc/systemd/system/multi-user.target.wants',
  'etc/systemd/system/sysinit.target.wants',
  'etc/systemd/system/basic.target.wants',
]
const OTHERS: Readonly<Record<string, string>> = {
  'kdump-tools.service': 'kdump-tools (Debian, Ubuntu)',
  'kdump-early.service': "SUSE's kdump",
}

/** Other people's kdump. */
export const otherTools: Check = {
  ids: ['two-kdumps'],
  summary: 'look for another kdump that is enabled as well',
  *examine({ facts }) {
    const enabled = WANTS.flatMap((folder) => facts.names(folder).map((name) => ({ folder, name })))
    if (!enabled.some(({ name }) => name === 'kdump.service')) return
    for (const { folder, name } of enabled) {
      const tool = OTHERS[name]
      if (tool === undefined) continue
      yield {
        id: 'two-kdumps',
        severity: 'warning',
        title: `${tool} is enabled as well: whichever starts last decides what is loaded`,
        evidence: [`/${folder}/${name}`],
        fix: `systemctl disable ${name}, or kdump.service`,
      }
    }
  },
}
