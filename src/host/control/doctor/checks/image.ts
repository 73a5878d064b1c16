// The capture image: there, private, and made of what the machine is now.
import path from 'node:path'
import type { Check } from '../check.ts'

/** The image. */
export const image: Check = {
  ids: ['image-readable', 'image-modules'],
  summary: 'look at the capture image',
  *examine({ facts, image: file, release }) {
    const mode = facts.mode(file)
    if (mode !== undefined && (mode & 0o077) !== 0) {
      yield {
        id: 'image-readable',
        severity: 'warning',
        title: 'the capture image can be read by others, and may hold keys',
        evidence: [`${file} has mode ${mode.toString(8)}`],
        fix: `chmod 600 ${file}`,
      }
    }
    const folders = [`/lib/modules/${release}`, `/usr/lib/modules/${release}`]
    if (folders.some((folder) => facts.has(path.join(folder, 'modules.dep')))) return
    yield {
      id: 'image-modules',
      severity: 'error',
      title: 'the running kernel has no modules on the disk, so no image can be made for it',
      evidence: folders.map((folder) => `${folder}/modules.dep is not there`),
      fix: 'reboot into the kernel that is installed (an update has removed the running one), or run depmod',
    }
  },
}
