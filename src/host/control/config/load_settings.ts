// What the files beside kdump.conf say of loading: which kernel, which command line. Red Hat has them in
// /etc/sysconfig/kdump, SUSE and Debian in the one file they have.

/** How the capture kernel is chosen and what it is told. */
export interface LoadSettings {
  /** Release or absolute path of the kernel to load; '' for the running one. */
  readonly kernel: string
  /** Folder to look for kernels in first; '' for the usual ones. */
  readonly bootFolder: string
  /** What kernels are called, before `-RELEASE`. */
  readonly imageName: string
  /** What follows `-RELEASE` in their names. */
  readonly imageSuffix: string
  /** Command line to begin with instead of /proc/cmdline; '' for that. */
  readonly base: string
  /** Keys to drop instead of the ones of this architecture; undefined for those. */
  readonly remove: readonly string[] | undefined
  /** Words to add instead of the ones of this architecture; undefined for those. What the image itself needs stays. */
  readonly append: string | undefined
  /** Words to add behind all others. */
  readonly extra: string
  /** Words for firmware-assisted dumps. */
  readonly fadumpAppend: string
  /** Options of kexec(8) that decide which system call loads: `-s`, `-c` or `-a`; '' where nothing is said. */
  readonly kexecMode: '' | '-s' | '-c' | '-a'
  /** CPUs of the capture kernel, 0 for all; undefined leaves it to `append`. */
  readonly cpus: number | undefined
  /** Whether `status` and `start` tell how the last `kbox test` went. */
  readonly notifiesCreation: boolean
}

/** What no file means. */
export const DEFAULT_LOAD_SETTINGS: LoadSettings = {
  kernel: '',
  bootFolder: '',
  imageName: 'vmlinuz',
  imageSuffix: '',
  base: '',
  remove: undefined,
  append: undefined,
  extra: '',
  fadumpAppend: '',
  kexecMode: '',
  cpus: undefined,
  notifiesCreation: true,
}
