// Whether this machine can run a guest under KVM. /dev/kvm may exist and its guests still hang (nested, filtered
// instructions), so a tiny guest must really reach user space; that is tried once, and remembered.
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { KdumpError } from '../../core/base/errors.ts'
import { writeCpio } from '../control/initramfs/cpio.ts'
import { cacheFile } from './cache_file.ts'
import { runTool } from './host_tool.ts'
import { parseJson } from './json_members.ts'
import { Machine } from './machine.ts'
import type { Accelerator } from './machine_spec.ts'

/** A kernel is in user space after 2 s even under a nested hypervisor. */
const TRIAL_TIMEOUT_MS = 10_000
const TRIAL_WORDS = 'kbox-rehearse: user space'
const TRIAL_INIT = `#!/bin/busybox sh
echo "${TRIAL_WORDS}"
exec /bin/busybox poweroff -f
`

/**
 * Choose the accelerator.
 *
 * @param kernel a kernel to try with
 */
export async function chooseAccelerator(kernel: string, busybox: string): Promise<Accelerator> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch {
    return 'tcg'
  }
  const note = cacheFile('rehearse', 'accelerator.json')
  // What a later machine would have in common with this one; not the kernel tried with.
  const key = [os.hostname(), os.release(), os.cpus()[0]?.model, qemuVersion()].join(' | ')
  const known = readNote(note, key)
  if (known) return known
  const accelerator = (await tryKvm(kernel, busybox)) ? 'kvm' : 'tcg'
  writeNote(note, { key, accelerator })
  return accelerator
}

async function tryKvm(kernel: string, busybox: string): Promise<boolean> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-trial-'))
  try {
    const initrd = path.join(folder, 'initrd')
    const fd = openSync(initrd, 'w')
    writeCpio(fd, [
      { kind: 'directory', path: 'bin', mode: 0o755 },
      { kind: 'directory', path: 'dev', mode: 0o755 },
      { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
      { kind: 'file', path: 'bin/busybox', mode: 0o755, content: readFileSync(busybox) },
      { kind: 'file', path: 'init', mode: 0o755, content: Buffer.from(TRIAL_INIT) },
    ])
    closeSync(fd)
    const spec = {
      accelerator: 'kvm',
      memoryBytes: 256 * 2 ** 20,
      cpus: 2,
      kernel,
      initrd,
      cmdline: 'console=ttyS0',
      disks: [],
    } as const
    await using machine = await Machine.start(spec, path.join(folder, 'console.log'))
    const signal = AbortSignal.any([machine.gone, AbortSignal.timeout(TRIAL_TIMEOUT_MS)])
    await machine.console.waitFor(new RegExp(TRIAL_WORDS), signal)
    return true
  } catch (error) {
    if (error instanceof KdumpError || (error instanceof Error && error.name === 'TimeoutError'))
      return false
    throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function qemuVersion(): string {
  return runTool('qemu-system-x86_64', ['--version']).stdout.split('\n')[0] ?? ''
}

function readNote(file: string, key: string): Accelerator | undefined {
  const note = existsSync(file) ? parseJson(readFileSync(file, 'utf8')) : undefined
  const accelerator = note?.text('key') === key ? note.text('accelerator') : ''
  return accelerator === 'kvm' || accelerator === 'tcg' ? accelerator : undefined
}

function writeNote(file: string, note: Readonly<Record<string, string>>): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(note)}\n`)
    renameSync(`${file}.${process.pid}`, file)
  } catch {
    // Without a cache the next rehearsal tries again.
  }
}
