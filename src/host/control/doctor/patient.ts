// Gathers what every check needs to know of a machine, once.
import { Facts } from '../../platform/facts.ts'
import { splitCmdline } from '../capture_cmdline.ts'
import { readCrashState } from '../crash_sysfs.ts'
import { parseKdumpConf } from '../kdump_conf.ts'
import type { Patient } from './check.ts'

const KDUMP_CONF = '/etc/kdump.conf'

/** Look a machine over. @param root where its files are found */
export function admit(root = '/'): Patient {
  const facts = new Facts(root)
  const release = facts.text('proc/sys/kernel/osrelease') ?? ''
  const text = facts.text(KDUMP_CONF)
  const result = text === undefined ? undefined : parseKdumpConf(text)
  return {
    facts,
    crash: readCrashState(root),
    release,
    cmdline: splitCmdline(facts.text('proc/cmdline') ?? ''),
    memTotalBytes: readMeminfo(facts).get('MemTotal') ?? 0,
    configuration: result && { file: KDUMP_CONF, result },
    conf: result?.ok ? result.conf : undefined,
    image: `/var/lib/kdump/initramfs-${release}kdump.img`,
  }
}

/** /proc/meminfo in bytes. */
export function readMeminfo(facts: Facts): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>()
  for (const line of (facts.text('proc/meminfo') ?? '').split('\n')) {
    const [, name, kilobytes] = /^(\S+):\s+(\d+) kB$/.exec(line) ?? []
    if (name !== undefined) sizes.set(name, Number(kilobytes) * 1024)
  }
  return sizes
}
