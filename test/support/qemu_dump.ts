// Dumps that QEMU makes of a guest (dump-guest-memory), and what the guest knew of itself then. Three moments of one boot:
//   plain  the guest has not told QEMU where its VMCOREINFO is: the dump has none
//   live   its qemu_fw_cfg module has; nothing is wrong
//   panic  the guest has panicked, and there is no capture kernel
// and what kbox, run in the guest, said of /proc/kcore between the first two.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'
import { ModuleIndex } from '../../src/host/control/initramfs/module_index.ts'
import { readModule } from '../../src/host/control/initramfs/module_file.ts'
import { extractFolder, repairDisk } from '../../src/host/rehearse/disk_image.ts'
import { GUEST } from '../../src/host/rehearse/guest_files.ts'
import { findTool } from '../../src/host/rehearse/host_tool.ts'
import { findModuleFolder } from '../../src/host/control/load/kernel/kernel_image.ts'
import { Machine } from '../../src/host/rehearse/machine.ts'
import type { RehearseOptions } from '../../src/host/rehearse/rehearse_options.ts'
import { awaitArmed, awaitBoot, awaitReady, awaitWorkload } from '../../src/host/rehearse/road.ts'
import { setStage } from '../../src/host/rehearse/stage.ts'
import { getCachedKernel, rehearseOptions } from './rehearsals.ts'

/** When a dump was made; see above. */
export type QemuMoment = 'plain' | 'live' | 'panic'

/** One dump. */
export interface QemuDump {
  readonly moment: QemuMoment
  /** As QMP has it: 'elf', 'kdump-zlib', 'kdump-raw-zlib' … */
  readonly format: string
  /** In the folder. */
  readonly file: string
}

/** What one boot left, as dumps.json has it. */
export interface QemuDumps {
  /** Of this file's making: what an older one made is made anew. */
  readonly version: 5
  readonly release: string
  readonly dumps: readonly QemuDump[]
}

const TIMEOUT_MS = 240_000
const DUMP_TIMEOUT_MS = 60_000
const FW_CFG = '/usr/lib/kbox/qemu_fw_cfg.ko'
const PLAIN_SCRIPT = '/usr/lib/kbox/plain.sh'
const LIVE_SCRIPT = '/usr/lib/kbox/live.sh'
const PLAIN_WORDS = 'kbox-qemu: take the plain dump'

/** Notes the truth as a rehearsal does, in one process; then waits for the dump, which stops the machine's clock. */
const PLAIN = `#!/bin/sh
out=${GUEST.truth}/plain
mkdir -p $out
# What starts processes again and again; grep finds itself as well, and has ended.
for file in $(grep -l 'while :; do' /proc/[0-9]*/cmdline); do
  pid=\${file#/proc/}
  kill -STOP \${pid%%/*}
done 2> /dev/null
dmesg > $out/dmesg
for stat in /proc/[0-9]*/task/[0-9]*/stat; do
  pid=\${stat#/proc/}
  read -r line < $stat && echo "\${pid%%/*} $line"
done > $out/snapshot
echo "${PLAIN_WORDS}" > /dev/console
read -r -t 2 answer < /dev/console
exit 0
`

/** The kernel that runs, read by kbox; whether it went well is for the tests to say. */
const LIVE = `#!/bin/sh
out=${GUEST.truth}/kcore
mkdir -p $out
cd $out
# It will panic on the CPU whose registers are not the first ones of a dump.
taskset -p 2 $PPID
dmesg > dmesg
cat > script << 'END'
ps > ps
log > log
set > set
mod > mod
files > files
!exec sleep 4711 > /dev/null 2>&1 &
!sleep 0.2
ps > later
exit
END
kbox crash -s -i script > crash.txt 2>&1
echo $? > crash.code
cat /proc/modules > modules
kbox makedumpfile --mem-usage /proc/kcore > mem-usage.txt 2>&1
echo $? > mem-usage.code
exit 0
`

/** Folder in the cache that holds the dumps, dumps.json, truth/ (with plain/ and kcore/) and console.log. */
export function qemuDumpFolder(series: string): string {
  return cachePath('dumps', `${series}-qemu`)
}

/** Read what a folder holds; undefined if nothing was made, or for another kernel than that of the cache. */
export function findQemuDumps(series: string): QemuDumps | undefined {
  const note = path.join(qemuDumpFolder(series), 'dumps.json')
  const kernel = findCachedKernel(series)
  if (!kernel || !existsSync(note)) return undefined
  const made: QemuDumps = JSON.parse(readFileSync(note, 'utf8'))
  return made.version === 5 && made.release === kernel.release ? made : undefined
}

/**
 * Boot a kernel of the cache and dump it, unless that was done before; some 30 s.
 *
 * @throws {Error} if the guest does not do as it should
 */
export async function makeQemuDumps(series: string): Promise<QemuDumps> {
  const known = findQemuDumps(series)
  if (known) return known
  const folder = qemuDumpFolder(series)
  const fresh = `${folder}.partial`
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'kbox-qemu-'))
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  try {
    const { spec } = await setStage(guestOptions(series, scratch, fresh), scratch)
    const dumps = await dumpGuest(
      // Without `crashkernel=` a panic stays where it is.
      { ...spec, cmdline: 'console=ttyS0 panic=0', devices: ['vmcoreinfo'] },
      fresh,
    )
    for (const { file } of spec.disks) repairDisk(file)
    collectTruth(spec.disks[0]?.file ?? '', fresh)
    const made = { version: 5, release: getCachedKernel(series).release, dumps } as const
    writeFileSync(path.join(fresh, 'dumps.json'), `${JSON.stringify(made, null, 2)}\n`)
    rmSync(folder, { recursive: true, force: true })
    renameSync(fresh, folder)
    return made
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    rmSync(fresh, { recursive: true, force: true })
  }
}

function guestOptions(series: string, scratch: string, keep: string): RehearseOptions {
  const options = rehearseOptions(series)
  const { release, vmlinuz, baseDir } = getCachedKernel(series)
  const modules = new ModuleIndex(findModuleFolder(release, vmlinuz, baseDir))
  const [fwCfg] = modules.order(['qemu_fw_cfg']).modules
  if (!fwCfg) throw new Error(`${release} has no module qemu_fw_cfg`)
  const place = (guestPath: string, content: string | Uint8Array) => {
    const source = path.join(scratch, path.basename(guestPath))
    writeFileSync(source, content)
    return { path: guestPath, source }
  }
  return {
    ...options,
    keep,
    files: [
      place(FW_CFG, readModule(fwCfg.file, findTool('busybox'))),
      place(PLAIN_SCRIPT, PLAIN),
      place(LIVE_SCRIPT, LIVE),
    ],
    arm: [
      ['sh', PLAIN_SCRIPT],
      ['insmod', FW_CFG],
      ['sh', LIVE_SCRIPT],
    ],
  }
}

async function dumpGuest(
  spec: Parameters<typeof Machine.start>[0],
  folder: string,
): Promise<QemuDump[]> {
  await using machine = await Machine.start(spec, path.join(folder, 'console.log'))
  const signal = AbortSignal.any([machine.gone, AbortSignal.timeout(TIMEOUT_MS)])
  const formats = await dumpFormats(machine)
  const few = formats.filter((format) => format === 'elf' || format === 'kdump-zlib')
  await awaitBoot(machine, signal)
  await awaitWorkload(machine, signal)
  await machine.console.waitFor(new RegExp(PLAIN_WORDS), signal)
  const plain = await dumpMoment(machine, 'plain', few, folder)
  await awaitArmed(machine, signal)
  const snapshot = await awaitReady(machine, signal)
  writeFileSync(path.join(folder, 'snapshot'), snapshot.join(''))
  const live = await dumpMoment(machine, 'live', formats, folder)
  machine.channel.go()
  await machine.console.waitFor(/end Kernel panic - not syncing/, signal)
  return [...plain, ...live, ...(await dumpMoment(machine, 'panic', ['kdump-zlib'], folder))]
}

/** What this QEMU can write, Windows' own format apart. */
async function dumpFormats({ qmp }: Machine): Promise<string[]> {
  const answer = await qmp.execute('query-dump-guest-memory-capability')
  const { formats } = answer as { formats: string[] }
  return formats.filter((format) => /^(elf$|kdump-)/.test(format))
}

/** The machine stands still meanwhile, so that all formats hold the same memory. */
async function dumpMoment(
  { qmp }: Machine,
  moment: QemuMoment,
  formats: readonly string[],
  folder: string,
): Promise<QemuDump[]> {
  await qmp.execute('stop')
  const dumps: QemuDump[] = []
  for (const format of formats) {
    const file = `${moment}.${format}`
    const protocol = `file:${path.join(folder, file)}`
    await qmp.execute('dump-guest-memory', { paging: false, protocol, format }, DUMP_TIMEOUT_MS)
    // Most of an ELF file is zeros.
    spawnSync('fallocate', ['--dig-holes', path.join(folder, file)])
    dumps.push({ moment, format, file })
  }
  await qmp.execute('cont')
  return dumps
}

function collectTruth(disk: string, folder: string): void {
  const truth = extractFolder(disk, GUEST.truth, folder)
  if (truth === undefined) throw new Error('the guest wrote down no truth')
  renameSync(path.join(folder, 'snapshot'), path.join(truth, 'snapshot'))
}
