// A function's name as it is the same whoever compiled the kernel: without what compilers and wrappers add.
import { demangleRust } from '../base/rust_demangle.ts'
import { bareName } from './panic_machinery.ts'

/** What the kernel's macros put before the names of system calls: x86, compat and arm64. @source include/linux/syscalls.h */
const SYSCALL =
  /^(?:__(?:x64|x32|ia32|ia32_compat|x64_compat|arm64|arm64_compat|se|se_compat|do|do_compat|riscv|s390x?)_(?:compat_)?sys_|(?:__)?(?:SyS|compat_SyS|__compat_sys|ksys)_)/
/** Padding before a function, and what checks its type. */
const PREFIX = /^__(?:pfx|cfi)_/
/** GCC's copies of a function within one file; `bareName` cuts the others. */
const COPY = /\.(?:localalias|local|cfi_jt|kcfi|stub)(?:\.\d+)*$/

/** Cut what differs between builds: `__x64_sys_read` and `ksys_read` are `sys_read`, `f.isra.0` and `f.cold` are `f`. */
export function normaliseName(name: string): string {
  // Its hash is left out, and where the impl stands.
  const rust = demangleRust(name)
  if (rust !== undefined) return rust.replace(/::h[\da-f]{16}$/, '')
  return bareName(name.replace(PREFIX, '')).replace(COPY, '').replace(SYSCALL, 'sys_')
}
