// A panic by an interrupt that cannot be masked, and that nothing in the machine owned up to.
// Source: arch/x86/kernel/nmi.c unknown_nmi_error(), pci_serr_error(), io_check_error().
import { attempt } from '../../base/errors.ts'
import { blamedFrame, unitCulprit } from '../blame.ts'
import { cpuFrames, isIdle } from '../cpu_hang.ts'
import { functionText } from '../frame_text.ts'
import { bareName } from '../panic_machinery.ts'
import type { Evidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { taskText } from '../task_text.ts'

/** What the handlers' names say, the more telling first; port 0x61 told them apart. */
const SOURCES = [
  {
    function: 'pci_serr_error',
    what: 'a PCI system error (SERR)',
    unit: 'a PCI device or bridge that raised SERR',
    kind: 'hardware-error',
  },
  {
    function: 'io_check_error',
    what: 'an I/O check error (IOCHK)',
    unit: 'a device or memory that raised IOCHK',
    kind: 'hardware-error',
  },
  {
    function: 'unknown_nmi_error',
    what: 'an NMI of no known source: sent from outside, mostly',
    unit: 'who sent the NMI: a hypervisor, a management controller or an NMI button',
    kind: 'nmi',
  },
] as const

/** Settings that turn an NMI into a panic. */
const SETTINGS = ['unknown_nmi_panic', 'panic_on_unrecovered_nmi', 'panic_on_io_nmi']
const CPUS_SHOWN = 8

export const nmi: Rule = {
  name: 'nmi',
  summary: 'a panic by an NMI from outside: a button, a hypervisor, a failing bus',
  needs: [],
  *find(scene) {
    const frames = scene.panicTrace.frames.map(({ name }) => bareName(name ?? ''))
    const source = SOURCES.find((each) => frames.includes(each.function))
    const isSaid = scene.words.kind === 'nmi'
    if (!source && !isSaid) return
    const { what, unit, kind } = source ?? sourceOfWords(scene)
    yield {
      kind,
      role: 'cause',
      title: `panic by ${what}${onCpu(scene)}`,
      confidence: 'certain',
      evidence: [...saidEvidence(scene), ...settingEvidence(scene), ...cpuEvidence(scene)],
      refutedBy: [
        'a device whose driver should have claimed the NMI (a watchdog, a performance counter)',
        'a CPU that hung, for which somebody sent the NMI to get a dump',
      ],
      culprit: unitCulprit(unit),
      next: [
        { text: 'see what each CPU did', command: 'bt -a' },
        { text: 'ask the hypervisor or the management controller for its event log', command: '' },
      ],
      explains: ['panic'],
    }
  },
}

function sourceOfWords({ panicReason }: Scene): (typeof SOURCES)[number] {
  if (panicReason.includes('IOCK')) return SOURCES[1]
  return /SERR|PCI system error/.test(panicReason) ? SOURCES[0] : SOURCES[2]
}

const onCpu = ({ panicCpu }: Scene): string =>
  panicCpu === undefined ? '' : `, on CPU ${panicCpu}`

function saidEvidence({ lines, panicReason }: Scene): Evidence[] {
  const said = lines.filter(({ text }) =>
    // "Uhhuh. NMI received for unknown reason 2d on CPU 0."
    /^(?:NMI: (?:PCI system error|IOCK error)|Uhhuh\. NMI received)/.test(text),
  )
  const panic = panicReason === '' ? [] : [`panic: ${panicReason}`]
  return [...panic, ...said.slice(-3).map(({ text }) => `the log says: ${text}`)].map((text) => ({
    text,
    command: 'log',
  }))
}

function settingEvidence({ program }: Scene): Evidence[] {
  return SETTINGS.flatMap((name) => {
    const address = attempt(() => program.symbol(name))
    const value = address === undefined ? undefined : attempt(() => program.memory.i32(address))
    if (address === undefined || value === undefined || value === 0) return []
    return [{ text: `${name} is ${value}, so that it panics`, address, command: `p (int)${name}` }]
  })
}

/** What the NMI found: who sends one wants to know. */
function cpuEvidence(scene: Scene): Evidence[] {
  return scene.cpus.slice(0, CPUS_SHOWN).map((cpu) => {
    const task = scene.currentTask(cpu)
    const frames = cpuFrames(scene, cpu)
    const frame = blamedFrame(frames)
    const idle = isIdle(frames) ? 'was idle' : undefined
    const place = frame ? `was in ${functionText(frame)}` : placeWithoutFrames(scene, cpu)
    return {
      text: `CPU ${cpu} ${idle ?? `${place} for ${task ? taskText(task) : 'a task'}`}`,
      command: `bt -c ${cpu}`,
    }
  })
}

function placeWithoutFrames(scene: Scene, cpu: number): string {
  return scene.cpuTrace(cpu).end === 'user' ? 'was in user mode' : 'was somewhere unknown'
}
