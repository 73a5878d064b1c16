// What real kernels reserve for a dozen command lines, against the simulation of control/crashkernel: the same sizes, the
// same places where nothing unknown lies in the way, the same words. A guest lives two seconds: busybox and nothing else.
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { kernelKind } from '../../src/host/control/crashkernel/kernel_kind.ts'
import {
  type MemoryMap,
  parseCrashRegions,
  parseIomem,
  type Region,
} from '../../src/host/control/crashkernel/memory_map.ts'
import { simulateCrashkernel } from '../../src/host/control/crashkernel/simulate.ts'
import { writeCpio } from '../../src/host/control/initramfs/cpio.ts'
import { chooseAccelerator } from '../../src/host/rehearse/accelerator.ts'
import { findTool } from '../../src/host/rehearse/host_tool.ts'
import { readKernelRelease } from '../../src/host/control/load/kernel/kernel_image.ts'
import { Machine } from '../../src/host/rehearse/machine.ts'
import type { Accelerator } from '../../src/host/rehearse/machine_spec.ts'
import { UNLESS_WHOLE } from '../support/extent.ts'
import { getCachedKernel } from '../support/rehearsals.ts'

const BOOT_TIMEOUT_MS = 60_000
const INIT = `#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
echo "IOMEM BEGIN"; $b cat /proc/iomem; echo "IOMEM END"
echo "LOG BEGIN"; $b dmesg -r; echo "LOG END"
# Who has read it ends the machine: what is still on its way to the console would be lost with it.
exec $b sleep 3600
`

/** Command lines, and the memory of the guest in MiB. */
const CASES: readonly (readonly [words: string, memory: number])[] = [
  ['crashkernel=64M', 256],
  ['crashkernel=32M crashkernel=256M-:96M', 384],
  ['crashkernel=512M-1G:64M,256M-512M:48M', 384],
  ['crashkernel=1G-:192M', 256],
  ['crashkernel=4G-16G:768M,128M-:64M', 256],
  ['crashkernel=auto', 256],
  ['crashkernel=64M@32M', 256],
  ['crashkernel=64M@40M', 256],
  ['crashkernel=255M', 256],
  ['crashkernel=64M,high crashkernel=junk', 256],
  ['crashkernel=96M crashkernel=512M,cma', 256],
  ['crashkernel=128M,high crashkernel=48M,low', 4096],
]

for (const series of ['6.1', '6.12']) {
  describe(`crashkernel= of ${series}`, () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-crashkernel-'))
    const initrd = path.join(folder, 'initrd')
    let kernel = ''
    let accelerator: Accelerator = 'tcg'

    before(async () => {
      const busybox = findTool('busybox')
      kernel = getCachedKernel(series).vmlinuz
      accelerator = await chooseAccelerator(kernel, busybox)
      const fd = openSync(initrd, 'w')
      writeCpio(fd, [
        ...['bin', 'dev', 'proc'].map((name) => {
          return { kind: 'directory', path: name, mode: 0o755 } as const
        }),
        { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
        { kind: 'file', path: 'bin/busybox', mode: 0o755, content: readFileSync(busybox) },
        { kind: 'file', path: 'init', mode: 0o755, content: Buffer.from(INIT) },
      ])
      closeSync(fd)
    })
    after(() => rmSync(folder, { recursive: true }))

    for (const [words, memory] of CASES) {
      // Of the second kernel, in a run that is not whole, what kernels have done differently.
      const skip = series !== '6.1' && !/auto|cma|high/.test(words) && UNLESS_WHOLE
      test(`${words} with ${memory} MB`, { skip }, async () => {
        const console = path.join(folder, 'console.log')
        await using machine = await Machine.start(
          {
            ...{ accelerator, kernel, initrd, cpus: 1, disks: [] },
            memoryBytes: memory * 2 ** 20,
            cmdline: `console=ttyS0 quiet nokaslr ${words}`,
          },
          console,
        )
        const signal = AbortSignal.any([machine.gone, AbortSignal.timeout(BOOT_TIMEOUT_MS)])
        await machine.console.waitFor(/LOG END/, signal)
        const { iomem, log } = readReport(machine.console.text)
        const kind = kernelKind('x86_64', readKernelRelease(kernel))
        const simulated = simulateCrashkernel(words, memoryMap(iomem, log), kind)
        const { main, low } = simulated.reservation ?? { main: undefined, low: undefined }
        assert.deepEqual(
          parseCrashRegions(iomem),
          [low, main].filter((region) => region !== undefined),
          `${simulated.failure}\n${log}`,
        )
        assert.deepEqual(crashkernelMessages(log), simulated.messages)
      })
    }
  })
}

function readReport(text: string): { iomem: string; log: string } {
  const part = (name: string): string =>
    new RegExp(`${name} BEGIN\\n([^]*?)${name} END`).exec(text)?.[1] ?? ''
  return { iomem: part('IOMEM'), log: part('LOG') }
}

/** Memory as the firmware told it, without what was taken when the crash kernel's turn came. */
function memoryMap(iomem: string, log: string): MemoryMap {
  const kernel = parseIomem(iomem)?.taken ?? []
  const usable = regions(log, /BIOS-e820: \[mem 0x([\da-f]+)-0x([\da-f]+)\] usable/g)
  // The kernel keeps the first page and the BIOS area for itself.
  const ram = usable.map(({ start, end }) => ({ start: start === 0 ? 4096 : start, end }))
  const initrd = regions(log, /RAMDISK: \[mem 0x([\da-f]+)-0x([\da-f]+)\]/g)
  return { ram, taken: [...kernel, ...initrd], isAssumed: false }
}

function regions(log: string, pattern: RegExp): Region[] {
  return Array.from(log.matchAll(pattern), ([, start = '', end = '']) => {
    return { start: parseInt(start, 16), end: parseInt(end, 16) + 1 }
  })
}

function crashkernelMessages(log: string): string[] {
  return Array.from(log.matchAll(/^<\d+>\[[^\]]*\] ([^\n]*)$/gm), ([, line = '']) => line).filter(
    (line) => /crashkernel|Memory value expected/.test(line) && !line.includes('ommand line'),
  )
}
