// A virtual machine as data, and the QEMU command line that makes it. Source: qemu(1).

/** How QEMU runs the guest: by the processor, or emulated. */
export type Accelerator = 'kvm' | 'tcg'

/** How a disk is attached: what the guest needs drivers for. */
export type DiskBus = 'virtio' | 'nvme' | 'scsi' | 'ahci' | 'usb'

/** A raw disk image. */
export interface MachineDisk {
  readonly file: string
  readonly readOnly?: boolean
  /** What the guest writes is forgotten with the machine. */
  readonly isScratch?: boolean
  /** virtio if not given. */
  readonly bus?: DiskBus
}

/** A network card. */
export interface MachineCard {
  /** QEMU's name of the device, such as `virtio-net-pci` or `e1000`. */
  readonly model: string
  readonly mac: string
  /** What it is plugged into, as `-netdev` takes it without its id: `user`, `stream,addr.type=unix,…`. */
  readonly netdev: string
}

/** All that makes one virtual machine different from another. */
export interface MachineSpec {
  readonly accelerator: Accelerator
  readonly memoryBytes: number
  readonly cpus: number
  readonly kernel: string
  readonly initrd: string
  readonly cmdline: string
  /** vda, vdb … in this order, where they are virtio. */
  readonly disks: readonly MachineDisk[]
  readonly cards?: readonly MachineCard[]
  /** More devices, as `-device` takes them. */
  readonly devices?: readonly string[]
  /** File of `memoryBytes` that is the guest's memory; it keeps what the guest leaves in it. */
  readonly memoryFile?: string
  /** Wait for QMP's `migrate-incoming` in place of a start. */
  readonly isIncoming?: boolean
}

/** Sockets of ours that QEMU connects to. */
export interface MachineSockets {
  readonly qmp: string
  /** First serial port: the console. */
  readonly console: string
  /** Second serial port: see guest_channel.ts. */
  readonly channel: string
}

/**
 * One thread for all emulated CPUs: with one each, QEMU 7.2 may run an `int3` that the kernel has patched away again
 * ("Oops: int3" in sched_clock_cpu() while 7.2 booted). A rehearsal is not slower for it.
 */
const ACCELERATOR: Readonly<Record<Accelerator, string>> = { kvm: 'kvm', tcg: 'tcg,thread=single' }
/** 5-level page tables, which `max` includes, slow every emulated page walk. */
const CPU_MODEL: Readonly<Record<Accelerator, string>> = { kvm: 'host', tcg: 'max,la57=off' }
/**
 * What the kernel does not know it hands on as an environment: OpenSSL leaves out AVX, AVX2 and SSSE3, which emulated make
 * SHA-256 take five times as long. Not by the CPU's model: a distribution's C library may ask for them. In the cmdline it
 * reaches the capture kernel too. Source: OPENSSL_ia32cap(3).
 */
export const EMULATED_ENVIRONMENT = 'OPENSSL_ia32cap=~0x1000020000000000:~0x20'
const MORE_WORDS: Readonly<Record<Accelerator, string>> = {
  kvm: '',
  tcg: ` ${EMULATED_ENVIRONMENT}`,
}

/** Make the command line, without the program's name. A reset of the guest ends QEMU. */
export function machineArgv(spec: MachineSpec, sockets: MachineSockets): string[] {
  return [
    ...['-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot'],
    ...[
      '-machine',
      'pc',
      '-accel',
      ACCELERATOR[spec.accelerator],
      '-cpu',
      CPU_MODEL[spec.accelerator],
    ],
    ...['-m', `${Math.floor(spec.memoryBytes / 2 ** 20)}M`, '-smp', String(spec.cpus)],
    ...memoryArgs(spec),
    ...(spec.isIncoming ? ['-incoming', 'defer'] : []),
    ...['-kernel', spec.kernel, '-initrd', spec.initrd, '-append'],
    `${spec.cmdline}${MORE_WORDS[spec.accelerator]}`,
    ...socketPort('console', sockets.console),
    ...socketPort('channel', sockets.channel),
    ...[
      '-chardev',
      `socket,id=qmp,path=${escape(sockets.qmp)}`,
      '-mon',
      'chardev=qmp,mode=control',
    ],
    ...spec.disks.flatMap(diskArgs),
    ...(spec.cards ?? []).flatMap(cardArgs),
    ...(spec.devices ?? []).flatMap((device) => ['-device', device]),
  ]
}

function memoryArgs({ memoryFile, memoryBytes }: MachineSpec): string[] {
  if (memoryFile === undefined) return []
  const memory = `memory-backend-file,id=memory,size=${memoryBytes},mem-path=${escape(memoryFile)},share=on`
  return ['-object', memory, '-machine', 'memory-backend=memory']
}

function socketPort(name: string, path: string): string[] {
  return ['-chardev', `socket,id=${name},path=${escape(path)}`, '-serial', `chardev:${name}`]
}

/** QEMU's devices of a bus; the last one takes the drive. */
const BUS_DEVICES: Readonly<Record<DiskBus, (id: string) => string[]>> = {
  virtio: () => ['virtio-blk-pci'],
  nvme: (id) => [`nvme,serial=${id}`],
  scsi: (id) => [`virtio-scsi-pci,id=scsi-${id}`, `scsi-hd,bus=scsi-${id}.0`],
  ahci: (id) => [`ahci,id=ahci-${id}`, `ide-hd,bus=ahci-${id}.0`],
  usb: (id) => [`qemu-xhci,id=usb-${id}`, `usb-storage,bus=usb-${id}.0`],
}

function diskArgs(
  { file, readOnly = false, isScratch = false, bus = 'virtio' }: MachineDisk,
  index: number,
): string[] {
  const id = `disk${index}`
  // Nothing on these disks outlives the rehearsal: no flush need reach the host's disk.
  const drive = `file=${escape(file)},if=none,id=${id},format=raw,cache=unsafe,read-only=${readOnly ? 'on' : 'off'}${isScratch ? ',snapshot=on' : ''}`
  const devices = BUS_DEVICES[bus](id)
  const last = devices.length - 1
  return [
    ...['-drive', drive],
    ...devices.flatMap((device, i) => ['-device', i === last ? `${device},drive=${id}` : device]),
  ]
}

function cardArgs({ model, mac, netdev }: MachineCard, index: number): string[] {
  const [kind, ...rest] = netdev.split(',')
  const options = [`${kind},id=net${index}`, ...rest].join(',')
  return ['-netdev', options, '-device', `${model},netdev=net${index},mac=${mac}`]
}

/** A comma ends a value in QEMU's option syntax unless it is doubled. */
function escape(path: string): string {
  return path.replaceAll(',', ',,')
}
