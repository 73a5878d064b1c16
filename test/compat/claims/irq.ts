// irq: descriptors, handlers, counts. /proc/interrupts was read seconds before the crash: counts have grown since.
import assert from 'node:assert/strict'
import { defineClaims, drgnClaim, guestClaim, sameAsCrash } from './claim.ts'

const DESCRIPTORS = `
result = {}
for irq, desc in for_each_irq_desc(prog):
    actions = [a.decode() for a in irq_desc_action_names(desc)]
    chip = irq_desc_chip_name(desc)
    result[str(irq)] = {
        "desc": hex(desc.value_()),
        "names": ",".join(actions),
        "chip": None if chip is None else chip.decode(),
        "affinity": cpumask_to_cpulist(irq_desc_affinity_mask(desc)),
        "counts": [irq_desc_kstat_cpu(desc, cpu) for cpu in for_each_online_cpu(prog)],
    }`

interface TrueIrq {
  readonly counts: readonly number[]
  readonly text: string
}

/** `  1:          0          9   IO-APIC   1-edge      i8042`, numbered ones only. */
function parseInterrupts(text: string): Map<number, TrueIrq> {
  const found = new Map<number, TrueIrq>()
  for (const line of text.split('\n')) {
    const match = /^ *(\d+): +((?:\d+ +)+)(.*)$/.exec(line)
    if (match)
      found.set(Number(match[1]), {
        counts: (match[2] as string).trim().split(/ +/).map(Number),
        text: match[3] as string,
      })
  }
  return found
}

export const irq = defineClaims([
  ...['irq', 'irq 1', 'irq 2 24', 'irq -u', 'irq -d', 'irq -b', 'irq -a'].map((line) =>
    sameAsCrash(line),
  ),
  ...['irq -s', 'irq -s -c 0', 'irq -s -c a', 'irq -c 1 -s'].map((line) => sameAsCrash(line)),
  drgnClaim('irq -u', DESCRIPTORS, ({ rows }, theirs) => {
    assert.deepEqual(
      [...new Set(rows.map((row) => [row.irq, row.irq_desc].join(' ')))],
      Object.entries<{ desc: string }>(theirs).map(([number, { desc }]) => `${number} ${desc}`),
    )
  }),
  drgnClaim('irq -a', DESCRIPTORS, ({ rows }, theirs) => {
    assert.ok(rows.length > 5)
    for (const row of rows) {
      assert.equal(row.name, theirs[row.irq].names)
      assert.equal(row.affinity, theirs[row.irq].affinity)
    }
  }),
  drgnClaim('irq -s', DESCRIPTORS, ({ rows }, theirs) => {
    assert.ok(rows.length > 5)
    for (const row of rows) {
      assert.deepEqual([row.cpu0, row.cpu1], theirs[row.irq].counts)
      assert.equal(row.chip, theirs[row.irq].chip)
    }
  }),
  guestClaim('irq -s', ({ rows }, truth) => {
    const known = parseInterrupts(truth.read('interrupts'))
    assert.ok(known.size > 5)
    for (const [number, { counts, text }] of known) {
      const row = rows.find((each) => each.irq === number)
      assert.ok(row, `interrupt ${number}`)
      assert.ok(text.includes(row.chip) && text.endsWith(row.name), text)
      assert.ok(row.cpu0 >= (counts[0] ?? 0) && row.cpu1 >= (counts[1] ?? 0))
    }
  }),
  guestClaim('irq -a', ({ rows }, truth) => {
    const known = [
      ...truth.read('sysfs/irq').matchAll(/^== \/proc\/irq\/(\d+)\/smp_affinity_list\n(\S+)$/gm),
    ]
    assert.ok(known.length > 5)
    const lists = new Map(known.map(([, number, list]) => [Number(number), list]))
    for (const row of rows) assert.equal(row.affinity, lists.get(row.irq), `interrupt ${row.irq}`)
  }),
  drgnClaim(
    'irq -d',
    `result = [hex(gate_desc_func(gate).value_()) for gate in prog["idt_table"]]`,
    ({ rows }, theirs) =>
      assert.deepEqual(
        rows.map(({ address }) => address),
        theirs,
      ),
  ),
  drgnClaim(
    'irq -b',
    `result = [hex(each.action.value_()) for each in prog["softirq_vec"] if each.action]`,
    ({ rows }, theirs) =>
      assert.deepEqual(
        rows.filter((row) => 'softirq_vec' in row).map(({ action }) => action),
        theirs,
      ),
  ),
])
