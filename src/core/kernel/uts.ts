// The kernel's names for itself. Source: include/linux/utsname.h, init/version.c.
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import type { Task } from './sched.ts'

/** The fields of `struct new_utsname`. */
export interface Utsname {
  readonly sysname: string
  readonly nodename: string
  readonly release: string
  readonly version: string
  readonly machine: string
  readonly domainname: string
}

/**
 * What uname(2) says, in the first UTS namespace or that of a task.
 *
 * @source kernel/sys.c newuname()
 */
export function utsname(program: Program, task?: Task): Utsname {
  const namespace: KObject = task
    ? task.get('nsproxy.uts_ns').deref()
    : program.object('init_uts_ns')
  const name = namespace.get('name').snapshot()
  return {
    sysname: name.string('sysname'),
    nodename: name.string('nodename'),
    release: name.string('release'),
    version: name.string('version'),
    machine: name.string('machine'),
    domainname: name.string('domainname'),
  }
}
