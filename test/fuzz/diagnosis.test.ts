// Damaged logs of crashes, and damaged kernels that crashed, before the whole diagnosis: it always answers.
import { diagnose, type Diagnosis } from '../../src/core/diagnose/diagnose.ts'
import { Scene } from '../../src/core/diagnose/scene.ts'
import type { LogLine } from '../../src/core/diagnose/trouble.ts'
import { Program } from '../../src/core/program/program.ts'
import { damagedDump } from '../support/damaged_dump.ts'
import { fuzz } from '../support/fuzz.ts'
import { mutate, mutateText, type Random } from '../support/mutate.ts'
import { sceneOf } from '../support/scene.ts'
import { workqueueRecipe } from '../support/workqueue_recipe.ts'

const WORDS = [
  'BUG: kernel NULL pointer dereference, address: 0000000000000010',
  'Oops: 0002 [#1] PREEMPT SMP NOPTI',
  'RIP: 0010:victim+0x10/0x80',
  'RAX: 0000000000000000 RBX: ffff888004000000 RCX: 0000000000000001',
  'Call Trace:',
  ' caller+0x10/0x80 [module]',
  '---[ end trace 0000000000000000 ]---',
  'watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [app:70]',
  'watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1',
  'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:',
  'rcu: \t1-....: (2100 ticks this GP) idle=1b3c/1/0x4 softirq=1/1 fqs=5',
  'INFO: task app:70 blocked for more than 120 seconds.',
  'BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 31s!',
  'mce: [Hardware Error]: CPU 0: Machine Check Exception: 4 Bank 5: be00000000800400',
  'mce: [Hardware Error]: TSC 0 ADDR 12345000 ',
  '{1}[Hardware Error]:   section_type: PCIe error',
  'pcieport 0000:00:1c.0: AER: Uncorrected (Fatal) error received: 0000:01:00.0',
  'Kernel command line: root=/dev/vda9 ro',
  'bash[1]: segfault at 8 ip 000055d sp 00007ff error 4 in bash[55d+1000]',
  ...[
    ...['sysrq triggered crash', 'softlockup: hung tasks', 'Hard LOCKUP', 'RCU Stall', 'Oops'],
    ...['hung_task: blocked tasks', 'Attempted to kill init! exitcode=0x0000000b'],
    ...['VFS: Unable to mount root fs on unknown-block(0,0)', 'NMI: Not continuing'],
    ...['Fatal machine check', 'Fatal hardware error!', 'watchdog pretimeout event'],
  ].map((reason) => `Kernel panic - not syncing: ${reason}`),
]

const CRASH = sceneOf(
  workqueueRecipe({
    log: WORDS.slice(0, 12),
    more: {
      panicCpu: 1,
      tasks: {
        app: {
          ...{ pid: 70, cpu: 1 },
          frames: ['panic', 'oops_end', 'asm_exc_page_fault', 'victim!', 'caller', 'do_syscall_64'],
        },
      },
    },
  }),
)

/** A crash whose log says something else. */
class ToldScene extends Scene {
  readonly #lines: readonly LogLine[]

  constructor(program: Program, texts: readonly string[]) {
    super(program)
    this.#lines = texts.map((text, index) => ({
      ...{ text, tsNsec: BigInt(index) * 1_000_000_000n, level: 6, callerId: undefined },
    }))
  }

  override get lines(): readonly LogLine[] {
    return this.#lines
  }
}

function checkFindings({ findings }: Diagnosis): void {
  for (const { title, rule, evidence, confidence } of findings) {
    if (title === '' || title.includes('\n')) throw new Error(`${rule}: no title: ${title}`)
    if (confidence === 'certain' && evidence.length === 0) throw new Error(`${rule}: no evidence`)
  }
}

function words(random: Random): string[] {
  return Array.from({ length: 1 + random.below(30) }, () => {
    const line = random.pick(WORDS)
    return random.below(3) === 0 ? mutateText(line, random) : line
  })
}

fuzz('logs of crashes, diagnosed', {}, (random) => {
  checkFindings(diagnose(new ToldScene(CRASH.program, words(random))))
})

fuzz('crashed kernels, diagnosed', {}, (random) => {
  const rate = 2 + random.below(20)
  const dump = damagedDump(CRASH.program.dump, (_, bytes) => {
    if (random.below(rate) === 0) bytes.set(mutate(bytes, random).subarray(0, bytes.length))
  })
  checkFindings(diagnose(new Scene(new Program(dump))))
})
