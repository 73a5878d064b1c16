// What the verbs that arm the machine say alike in their help.
import type { VerbOption } from '../verb.ts'

/** Options of start and restart. */
export const ARM_VERB_OPTIONS: readonly VerbOption[] = [
  { flags: '--config FILE', text: 'read FILE instead of /etc/kdump.conf' },
  { flags: '--kernel FILE', text: 'capture kernel (default: the running one, from /boot)' },
  { flags: '--runtime FILE', text: 'squashed Node runtime (default: where kbox is installed)' },
  { flags: '--busybox FILE', text: 'static busybox for the initramfs' },
  { flags: '--image FILE', text: 'where to write the initramfs' },
  { flags: '--append ARGS', text: 'add to the capture command line' },
  { flags: '--page-order ORDER', text: 'priority (default) or pfn' },
  { flags: '--stall-timeout S', text: 'give up when nothing is written for S seconds' },
  { flags: '--overall-timeout S', text: 'reboot after S seconds whatever happens' },
  { flags: '--hook-timeout S', text: 'kill a hook (kdump_pre and the like) after S seconds' },
  { flags: '--build-only', text: 'build the initramfs, load nothing' },
  { flags: '--dry-run', text: 'print what would be loaded, do nothing' },
  {
    flags: '--root DIR',
    text: 'with --dry-run: plan for the machine whose facts (boot, dev, etc, lib, proc, run, sys) lie below DIR',
  },
  { flags: '--json', text: 'print the plan, or what was built, as JSON' },
  {
    flags: '-v, --verbose',
    text: 'list what the initramfs holds, and why each word of the command line is there or gone',
  },
]
