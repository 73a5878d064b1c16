// A Debian with systemd in QEMU: boots a root of scripts/debian_root.ts, runs commands in it, crashes it and boots it again
// from the same disk, as a machine would.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { HostError } from '../../src/core/base/errors.ts'
import { ModuleIndex } from '../../src/host/control/initramfs/module_index.ts'
import { chooseAccelerator } from '../../src/host/rehearse/accelerator.ts'
import {
  extractFolder,
  placeFiles,
  repairDisk,
  type PlacedFile,
} from '../../src/host/rehearse/disk_image.ts'
import { buildGuestInitramfs } from '../../src/host/rehearse/guest_root.ts'
import { findTool } from '../../src/host/rehearse/host_tool.ts'
import { findModuleFolder } from '../../src/host/control/load/kernel/kernel_image.ts'
import { Machine, type MachineEnd } from '../../src/host/rehearse/machine.ts'
import {
  EMULATED_ENVIRONMENT,
  type MachineCard,
  type MachineDisk,
  type MachineSpec,
} from '../../src/host/rehearse/machine_spec.ts'
import { getCachedKernel } from './rehearsals.ts'

/** What a guest is made of. */
export interface DebianGuestOptions {
  /** Image of debianRoot(); it is copied. */
  readonly root: string
  /** Series of the cached kernel that is in it. */
  readonly series: string
  /** Placed on the root before the first boot. */
  readonly files?: readonly PlacedFile[]
  /** Words behind `console=ttyS0 panic=10`, such as `crashkernel=192M`. */
  readonly cmdline?: string
  readonly memoryBytes?: number
  readonly cpus?: number
  /** In place of the small one that mounts /dev/vda and goes on there. */
  readonly initrd?: string
  /** vdb, vdc …, used as they are. */
  readonly disks?: readonly MachineDisk[]
  readonly cards?: readonly MachineCard[]
}

/** What a command in the guest printed, on both of its outputs, and how it ended. */
export interface GuestOutput {
  readonly code: number
  readonly output: string
}

const COMMAND_TIMEOUT_MS = 300_000
const BOOT_TIMEOUT_MS = 300_000
/** Lines of the console that an error quotes. */
const TAIL_LINES = 15

/** One such guest; dispose of it to end it and to remove its disk. */
export class DebianGuest implements AsyncDisposable {
  /** Scratch folder, with the consoles of all boots. */
  readonly folder: string
  readonly #spec: MachineSpec
  #machine: Machine | undefined
  #boots = 0

  private constructor(folder: string, spec: MachineSpec) {
    this.folder = folder
    this.#spec = spec
  }

  /** Prepare a guest; boot() starts it. */
  static async create(options: DebianGuestOptions): Promise<DebianGuest> {
    const { vmlinuz, baseDir, release } = getCachedKernel(options.series)
    const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-debian-'))
    try {
      const disk = path.join(folder, 'root.img')
      // Node's own copy would fill the holes: 2 GB written for 250 MB.
      execFileSync('cp', ['--reflink=auto', '--sparse=always', options.root, disk])
      if (options.files) placeFiles(disk, options.files)
      const busybox = findTool('busybox')
      const initrd = options.initrd ?? path.join(folder, 'initrd')
      if (options.initrd === undefined) {
        const modules = new ModuleIndex(findModuleFolder(release, vmlinuz, baseDir))
        buildGuestInitramfs(initrd, { busybox, modules })
      }
      const accelerator = await chooseAccelerator(vmlinuz, busybox)
      // systemd hands its own environment on to nobody.
      const environment = accelerator === 'tcg' ? `systemd.setenv=${EMULATED_ENVIRONMENT} ` : ''
      return new DebianGuest(folder, {
        accelerator,
        memoryBytes: options.memoryBytes ?? 640 * 2 ** 20,
        cpus: options.cpus ?? 2,
        ...{ kernel: vmlinuz, initrd },
        cmdline: `console=ttyS0 panic=10 ${environment}${options.cmdline ?? ''}`.trimEnd(),
        disks: [{ file: disk }, ...(options.disks ?? [])],
        cards: options.cards ?? [],
      })
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** The running machine. @throws {HostError} if it is off */
  get machine(): Machine {
    if (!this.#machine) throw new HostError('the guest is not running')
    return this.#machine
  }

  /**
   * Start the machine, again if it was on before, and wait until its shell answers.
   *
   * @param words more of the kernel's command line, for this boot
   */
  async boot(words = '', timeoutMs = BOOT_TIMEOUT_MS): Promise<void> {
    await this.#off()
    this.#boots += 1
    this.#machine = await Machine.start(
      { ...this.#spec, cmdline: `${this.#spec.cmdline} ${words}`.trimEnd() },
      path.join(this.folder, `console.${this.#boots}.log`),
    )
    await this.#explain('boot', async () => {
      const { event } = await this.machine.channel.next(this.#within(timeoutMs))
      if (event !== 'up') throw new HostError(`the guest said ${event} in place of up`)
    })
  }

  /** Run a line of sh as root; the line's end is waited for. */
  run(command: string, timeoutMs = COMMAND_TIMEOUT_MS): Promise<GuestOutput> {
    return this.#explain(command, async () => {
      const { channel } = this.machine
      channel.say(Buffer.from(command).toString('base64'))
      const answer = await channel.next(this.#within(timeoutMs))
      if (answer.event !== 'ran') throw new HostError(`the guest said ${answer.event}`)
      return { code: answer.code, output: Buffer.from(answer.output, 'base64').toString() }
    })
  }

  /** Say a line of sh that the guest will not live to answer, and wait until the machine is left. */
  async crash(command: string, timeoutMs = COMMAND_TIMEOUT_MS): Promise<MachineEnd> {
    return this.#explain(command, async () => {
      this.machine.channel.say(Buffer.from(command).toString('base64'))
      const end = await this.machine.waitForEnd(this.#within(timeoutMs))
      await this.#off()
      return end
    })
  }

  /** Power it off, with its disk written. */
  async shutDown(timeoutMs = COMMAND_TIMEOUT_MS): Promise<void> {
    await this.crash('systemctl poweroff', timeoutMs)
  }

  /** Copy a folder of its root; the machine must be off. @returns where the copy lies; undefined without such a folder */
  extract(folder: string): string | undefined {
    if (this.#machine) throw new HostError('the guest is running: its disk cannot be read')
    const [disk] = this.#spec.disks
    if (!disk) return undefined
    repairDisk(disk.file)
    const into = path.join(this.folder, 'extracted')
    mkdirSync(into, { recursive: true })
    return extractFolder(disk.file, folder, into)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#off()
    // For whoever looks into a failure: the consoles of all boots, and whatever became of the disk.
    const { KBOX_KEEP_GUEST: keep } = process.env
    if (keep !== undefined) cpSync(this.folder, keep, { recursive: true })
    rmSync(this.folder, { recursive: true, force: true })
  }

  #within(timeoutMs: number): AbortSignal {
    return AbortSignal.any([this.machine.gone, AbortSignal.timeout(timeoutMs)])
  }

  async #off(): Promise<void> {
    const machine = this.#machine
    this.#machine = undefined
    await machine?.[Symbol.asyncDispose]()
  }

  /** Quote the console when a step fails: in a guest that is gone there is nobody else to ask. */
  async #explain<T>(what: string, step: () => Promise<T>): Promise<T> {
    const { console } = this.machine
    try {
      return await step()
    } catch (cause) {
      const said = console.tail(TAIL_LINES).join('\n')
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new HostError(`${what}: ${why}; the console ended with\n${said}`, '', { cause })
    }
  }
}
