// Which frames a crash is known by: those of the guilty stack that say what was done, not how it died, by whom it was called
// or what it called for help. Each that is left out is left out for a reason.
import { isDispatcher, isHelper } from './known_functions.ts'
import { splitContexts } from './context.ts'
import { normaliseName } from './normalise_name.ts'
import { isPanicMachinery } from './panic_machinery.ts'
import type { NamedFrame } from './named_frame.ts'

/** Frames of a stack that count: those further out tell of the way there, which is many for one bug. */
export const FRAMES_MAX = 5

/** A stack by its frames that count. */
export interface SignatureStack {
  /** `name [module]`, innermost first. */
  readonly frames: readonly string[]
  readonly dropped: readonly DroppedFrame[]
}

/** A frame that does not count, and why. */
export interface DroppedFrame {
  readonly frame: string
  readonly why: string
}

/** Take from a stack what counts. @param frames the guilty one first */
export function signatureStack(frames: readonly NamedFrame[]): SignatureStack {
  return take(frames, reasonOf)
}

/**
 * Take from a stack that was looked at in the midst of what it went on doing: where exactly is chance. What counts is what
 * was entered, below the ways into the kernel that lead everywhere, and what modules did from there.
 */
export function sampledStack(frames: readonly NamedFrame[]): SignatureStack {
  const own = splitContexts(frames)[0]?.frames ?? []
  const entered = own.findLastIndex((frame) => reasonOf(frame) === undefined && !isWayIn(frame))
  return take(frames, (frame, index) => {
    const isInner = index < entered && frame.module === ''
    return reasonOf(frame) ?? (isInner ? 'where it was just then is chance' : undefined)
  })
}

type Reason = (frame: NamedFrame, index: number) => string | undefined

function take(frames: readonly NamedFrame[], reason: Reason): SignatureStack {
  const [context] = splitContexts(frames)
  const count = context ? Math.min(context.frames.length, entryIndex(context.frames)) : 0
  const kept: string[] = []
  const dropped: DroppedFrame[] = []
  for (const [index, frame] of frames.entries()) {
    const text = frameText(frame)
    const why =
      index >= count
        ? 'interrupted by what is to blame'
        : (reason(frame, index) ??
          // Recursion is as deep as it happens to be.
          (kept.at(-1) === text ? 'again' : undefined) ??
          (kept.length > 0 && isWayIn(frame) ? 'a way in that leads everywhere' : undefined) ??
          (kept.length === FRAMES_MAX ? `behind the first ${FRAMES_MAX}` : undefined))
    if (why === undefined) kept.push(text)
    else dropped.push({ frame: text, why })
  }
  return { frames: kept, dropped }
}

/** Of frames that the log tells of it is not known which were interrupted: the entry of the interrupt shows. */
const ENTRY = /^asm_(?:sysvec|common_interrupt|exc)_?\w*$/

function entryIndex(frames: readonly NamedFrame[]): number {
  const index = frames.findIndex(({ name }, at) => at > 0 && name !== null && ENTRY.test(name))
  return index < 0 ? frames.length : index + 1
}

function reasonOf(frame: NamedFrame): string | undefined {
  const { name, quality } = frame
  if (name === null) return 'no symbol'
  if (quality === 'guess') return 'a guess'
  if (isPanicMachinery(name)) return 'part of dying'
  if (isDispatcher(frame)) return 'calls what it is given'
  return isHelper(frame) ? 'does what its caller asked for' : undefined
}

/** Ways into the kernel that lead everywhere, and file systems and drivers behind them. */
const WAYS_IN =
  /^(?:sys_\w+|do_sys_\w+|vfs_\w+|new_sync_\w+|do_iter_\w+|do_splice\w*|do_writev|do_readv|do_fsync|proc_reg_\w+|kernfs_\w+|sysfs_kf_\w+|seq_read\w*|sock_\w+|__sock_\w+|____?sys_\w+|do_vfs_ioctl|do_filp_open|path_openat|do_dentry_open|task_work_run|exit_to_user_mode\w*|syscall_exit_to_user_mode\w*|do_init_module|load_module|do_one_initcall|init_module_from_file)$/

function isWayIn({ name }: NamedFrame): boolean {
  return name !== null && WAYS_IN.test(normaliseName(name))
}

/** `name [module]`, as it is the same for every build. */
export function frameText({ name, module }: Pick<NamedFrame, 'name' | 'module'>): string {
  const normal = name === null ? '(unknown)' : normaliseName(name)
  return module === '' ? normal : `${normal} [${module}]`
}
