// A crash that somebody asked for by sysrq. Source: drivers/tty/sysrq.c sysrq_handle_crash(), write_sysrq_trigger().
import { attempt } from '../../base/errors.ts'
import { mmArguments, taskMm } from '../../kernel/mm.ts'
import { isKthread, type Task } from '../../kernel/sched.ts'
import { parentTask } from '../../kernel/task_parent.ts'
import { unitCulprit } from '../blame.ts'
import { bareName } from '../panic_machinery.ts'
import type { Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { taskEvidence, taskText } from '../task_text.ts'

/** How the order came in. */
type Origin = 'proc' | 'keyboard' | 'serial' | 'hypervisor' | 'unknown'

/** By functions on the stack; the first that fits. */
const ORIGINS: readonly (readonly [origin: Origin, pattern: RegExp])[] = [
  ['proc', /^write_sysrq_trigger$/],
  [
    'keyboard',
    /^(?:kbd_\w+|atkbd_\w+|hid_\w+|hidinput_\w+|input_\w+|sysrq_(?:filter|handle_keypress))$/,
  ],
  ['hypervisor', /^(?:xen_\w+|xenwatch_\w+|hvc_\w+|hvsi_\w+)$|^sysrq_handler$/],
  ['serial', /^(?:serial\w*|uart_\w+|pl011_\w+|tty_\w+|sclp_\w+|ctrlchar_\w+)$/],
]

const ANCESTORS_MAX = 16
/** AUDIT_UID_UNSET. */
const LOGIN_UNSET = 0xffff_ffff

export const sysrq: Rule = {
  name: 'sysrq',
  summary: 'a crash asked for by sysrq: how, and by whom',
  needs: [],
  *find(scene) {
    const names = scene.panicTrace.frames.map(({ name }) => bareName(name ?? ''))
    const isHandler = names.includes('sysrq_handle_crash')
    if (!isHandler && scene.words.kind !== 'sysrq') return
    const origin = originOf(names)
    const task = origin === 'proc' ? scene.panicTask : undefined
    yield finding(scene, origin, task)
  },
}

function originOf(names: readonly string[]): Origin {
  const found = ORIGINS.find(([, pattern]) => names.some((name) => pattern.test(name)))
  return found?.[0] ?? 'unknown'
}

const BY: Readonly<Record<Exclude<Origin, 'proc'>, string>> = {
  keyboard: 'by a key combination (Alt-SysRq-c)',
  serial: 'from the serial console (BREAK, then c)',
  hypervisor: 'by the hypervisor or its console',
  unknown: 'by sysrq',
}

function finding(scene: Scene, origin: Origin, task: Task | undefined): Finding {
  const { evidence: line } = scene.words
  const evidence: Evidence[] = []
  if (scene.words.kind === 'sysrq') evidence.push({ text: `the log says: ${line}`, command: 'log' })
  const frame = scene.panicTrace.frames.find(
    ({ name }) => bareName(name ?? '') === 'sysrq_handle_crash',
  )
  if (frame)
    evidence.push({
      text: 'sysrq_handle_crash() is on the stack',
      address: frame.ip,
      command: 'bt',
    })
  if (task) evidence.push(...writerEvidence(task))
  // Before v5.0 the handler wrote to NULL instead of calling panic().
  const isByFault = frame?.interrupted === true
  const by =
    origin === 'proc'
      ? `${task ? taskText(task) : 'a process'} wrote c to /proc/sysrq-trigger`
      : `asked for ${BY[origin]}`
  return {
    kind: 'sysrq',
    role: 'cause',
    title: `deliberate crash, not a bug: ${by}`,
    confidence: 'certain',
    evidence,
    refutedBy: ['a hang or trouble in the log before it: why somebody wanted the dump'],
    culprit: task ? unitCulprit(taskText(task)) : unitCulprit('whoever sent sysrq c'),
    next: [
      task
        ? { text: 'see who started it', command: `ps -p ${attempt(() => task.number('pid')) ?? 0}` }
        : { text: 'see who was at the console', command: 'ps' },
      { text: 'if the machine had hung, see what blocked', command: 'foreach UN bt' },
    ],
    explains: isByFault ? ['panic', 'null-dereference', 'oops'] : ['panic'],
  }
}

/** Who the writer is, and whose child. */
function writerEvidence(task: Task): Evidence[] {
  const evidence = [
    taskEvidence(task, `${taskText(task)}${argumentsText(task)} made the system call`),
  ]
  const parents = ancestors(task)
  if (parents.length > 0)
    evidence.push({
      text: `started by ${parents.map((parent) => taskText(parent)).join(', by ')}`,
      command: `ps -p ${attempt(() => task.number('pid')) ?? 0}`,
    })
  const user = userText(task)
  if (user !== '')
    evidence.push({ text: user, address: task.address, command: 'task -R cred,loginuid,signal' })
  return evidence
}

function argumentsText(task: Task): string {
  const mm = attempt(() => taskMm(task))
  const list = mm && attempt(() => mmArguments(mm))
  if (!list || list.length === 0) return ''
  const text = list.join(' ')
  return ` (${text.length > 120 ? `${text.slice(0, 117)}...` : text})`
}

/** Parents up to the first process, which is always there and says nothing. */
function ancestors(task: Task): Task[] {
  const found: Task[] = []
  const seen = new Set([task.address])
  for (let at = task; found.length < ANCESTORS_MAX;) {
    const parent = attempt(() => parentTask(at))
    const pid = parent && attempt(() => parent.number('pid'))
    if (!parent || pid === undefined || pid === 0 || seen.has(parent.address)) break
    seen.add(parent.address)
    found.push(parent)
    at = parent
  }
  return found
}

function userText(task: Task): string {
  const uid = attempt(() => task.number('cred.uid.val'))
  const login = attempt(() => task.number('loginuid.val'))
  const tty = attempt(() => terminalName(task)) ?? ''
  const parts: string[] = []
  if (uid !== undefined) parts.push(`user ${uid}`)
  if (login !== undefined && login !== LOGIN_UNSET && login !== -1 && login !== uid)
    parts.push(`logged in as user ${login}`)
  if (tty !== '') parts.push(`on ${tty}`)
  return parts.length === 0 ? '' : `it ran as ${parts.join(', ')}`
}

function terminalName(task: Task): string {
  if (isKthread(task)) return ''
  const terminal = task.get('signal.tty')
  return terminal.isNull() ? '' : terminal.deref().string('name')
}
