// The system calls Node does not offer: mount, reboot, kexec_file_load and friends, through koffi and the C library.
// koffi is loaded at the first call, so that a machine without it (or a platform it lacks) can still analyse dumps.
import os from 'node:os'
import { HostError, UnsupportedError } from '../../core/base/errors.ts'
import { loadKoffi, type NativeFunction } from './koffi.ts'

/** mount(2): read only. */
export const MS_RDONLY = 1

/** kexec_file_load(2): unload. */
export const KEXEC_FILE_UNLOAD = 1
/** kexec_file_load(2): the image is for a crash. */
export const KEXEC_FILE_ON_CRASH = 2

/** How a machine is left. */
export type PowerAction = 'reboot' | 'halt' | 'poweroff'

// <linux/reboot.h>
const RB_COMMAND: Record<PowerAction, number> = {
  reboot: 0x0123_4567,
  halt: 0xcdef_0123,
  poweroff: 0x4321_fedc,
}

/** kexec_file_load's number per architecture: glibc has no wrapper for it. */
const KEXEC_FILE_LOAD: Readonly<Record<string, number>> = {
  x64: 320,
  arm64: 294,
  riscv64: 294,
  loong64: 294,
  ppc64: 382,
  s390x: 381,
}

/** errno values of Linux that Node's os.constants lacks. */
const KEY_ERRNO: Readonly<Record<number, string>> = {
  52: 'EBADE',
  65: 'ENOPKG',
  80: 'ELIBBAD',
  126: 'ENOKEY',
  127: 'EKEYEXPIRED',
  128: 'EKEYREVOKED',
  129: 'EKEYREJECTED',
}

/** Name an errno value: `2` is `ENOENT`. */
export function errnoName(errno: number): string {
  const found = Object.entries(os.constants.errno).find(([, value]) => value === errno)
  return found?.[0] ?? KEY_ERRNO[errno] ?? `errno ${errno}`
}

/**
 * Mount a file system.
 *
 * @param flags MS_* bits
 * @param data the file system's own options, comma separated
 * @throws {HostError} with mount(2)'s errno
 */
export function mount(source: string, target: string, fstype: string, flags = 0, data = ''): void {
  const call = native(
    'int mount(const char*, const char*, const char*, unsigned long, const char*)',
  )
  check(call(source, target, fstype, flags, data), `mount ${source} on ${target} as ${fstype}`)
}

/** Unmount what is mounted at `target`. @throws {HostError} with umount2(2)'s errno */
export function unmount(target: string, flags = 0): void {
  check(native('int umount2(const char*, int)')(target, flags), `unmount ${target}`)
}

/** Write everything that waits in the page cache, of every file system. */
export function sync(): void {
  native('void sync(void)')()
}

/**
 * Take a file's lock unless somebody else has it. It is held until the descriptor is closed.
 *
 * @returns whether we have it
 * @throws {HostError} with flock(2)'s errno
 */
export function tryLockFile(fd: number): boolean {
  const LOCK_EX = 2
  const LOCK_NB = 4
  if (Number(native('int flock(int, int)')(fd, LOCK_EX | LOCK_NB)) === 0) return true
  const name = errnoName(loadKoffi().errno())
  if (name === 'EWOULDBLOCK' || name === 'EAGAIN') return false
  throw new HostError(`flock: ${name}`, name)
}

/** Leave the machine at once: nothing is stopped or unmounted first. @throws {HostError} with reboot(2)'s errno */
export function powerOffNow(action: PowerAction): void {
  check(native('int reboot(int)')(RB_COMMAND[action] | 0), `reboot(2) to ${action}`)
}

/**
 * Load or unload a kernel with kexec_file_load(2).
 *
 * @param initrdFd -1 with KEXEC_FILE_UNLOAD
 * @throws {HostError} with the kernel's errno
 * @throws {UnsupportedError} on an architecture without the call
 */
export function kexecFileLoad(
  kernelFd: number,
  initrdFd: number,
  cmdline: string,
  flags: number,
): void {
  const number = KEXEC_FILE_LOAD[process.arch]
  if (number === undefined) throw new UnsupportedError(`kexec_file_load on ${process.arch}`)
  const call = native('long syscall(long, intptr_t, intptr_t, intptr_t, const char*, intptr_t)')
  // The length counts the terminating NUL; without a command line both must be zero.
  const length = cmdline === '' ? 0 : Buffer.byteLength(cmdline) + 1
  check(
    call(number, kernelFd, initrdFd, length, cmdline === '' ? null : cmdline, flags),
    'kexec_file_load',
  )
}

/**
 * Make any system call.
 *
 * @param number of this architecture
 * @param args integers and addresses, six at most
 * @returns what the kernel does
 * @throws {HostError} with the kernel's errno
 */
export function systemCall(name: string, number: number, args: readonly number[]): number {
  const call = native(
    'long syscall(long, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t)',
  )
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args
  const result = call(number, a, b, c, d, e, f)
  check(result, name)
  return Number(result)
}

/**
 * Make an ioctl(2) whose argument is a structure.
 *
 * @param argument what the kernel reads and writes
 * @throws {HostError} with the kernel's errno
 */
export function ioctl(fd: number, request: number, argument: Uint8Array, what: string): void {
  check(native('int ioctl(int, unsigned long, _Inout_ uint8_t*)')(fd, request, argument), what)
}

/** Allocate memory that no garbage collector moves or frees. @returns its address */
export function allocateZeroed(size: number): number {
  const address = native('intptr_t calloc(size_t, size_t)')(1, size)
  if (Number(address) === 0) throw new HostError(`no memory for ${size} bytes`, 'ENOMEM')
  return Number(address)
}

/** Copy bytes to an address of this process, which must be writable. */
export function copyToAddress(address: number, bytes: Uint8Array): void {
  native('intptr_t memcpy(intptr_t, const void*, size_t)')(address, bytes, bytes.length)
}

const functions = new Map<string, NativeFunction>()

function native(prototype: string): NativeFunction {
  // One C function may be declared in more than one way: syscall() is.
  const known = functions.get(prototype)
  if (known) return known
  const made: NativeFunction = loadKoffi().load('libc.so.6').func(prototype)
  functions.set(prototype, made)
  return made
}

function check(result: unknown, call: string): void {
  if (Number(result) >= 0) return
  const name = errnoName(loadKoffi().errno())
  throw new HostError(`${call}: ${name}`, name)
}
