// Memory or CPUs that come and go after the capture kernel was loaded: does it learn of them?
import type { Check } from '../check.ts'

const RULE_FOLDERS = ['etc/udev/rules.d', 'usr/lib/udev/rules.d', 'lib/udev/rules.d']
const OURS = /^\d\d-(?:kbox|kexec)\.rules$/

/** Hotplug. */
export const hotplug: Check = {
  ids: ['hotplug-unseen'],
  summary: 'check that the capture kernel learns of memory that is plugged in',
  *examine({ facts, crash }) {
    if (!crash.loaded) return
    // Without blocks nothing can be plugged in.
    const blocks = facts
      .names('sys/devices/system/memory')
      .filter((name) => /^memory\d+$/.test(name))
    if (blocks.length === 0) return
    if (facts.text('sys/devices/system/memory/crash_hotplug') === '1') return
    const canPlug = facts.names('sys/bus/acpi/devices').some((name) => name.startsWith('PNP0C80'))
    const hasRule = RULE_FOLDERS.some((folder) =>
      facts.names(folder).some((name) => OURS.test(name)),
    )
    if (!canPlug || hasRule) return
    yield {
      id: 'hotplug-unseen',
      severity: 'warning',
      title: 'memory that is plugged in would be missing from a dump',
      evidence: [
        'this kernel does not update the loaded image itself (no crash_hotplug in /sys/devices/system/memory)',
        'the machine has pluggable memory (PNP0C80), and no udev rule loads the image anew',
      ],
      fix: "install the udev rule ('kbox install'), which reloads after such a change",
    }
  },
}
