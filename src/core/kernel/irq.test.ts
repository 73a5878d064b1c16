// Interrupt 0 in each of the places descriptors have been kept, with counts in both shapes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type BuiltKernel, type Placed } from '../../../test/support/kernel_recipe.ts'
import { formatCpuList } from './cpumask.ts'
import {
  forEachIrqDesc,
  forEachSoftirq,
  forEachTasklet,
  irqChipName,
  irqDescActionNames,
  irqDescAffinity,
  irqToDesc,
  kstatIrqsCpu,
  nrIrqs,
} from './irq.ts'

interface Layout {
  readonly name: string
  /** Type of a percpu count, of an affinity mask, and of the tree. */
  readonly count: string
  readonly mask: string
  readonly tree: string
  readonly variables: Readonly<Record<string, Placed>>
}

const LAYOUTS: readonly Layout[] = [
  {
    name: 'a maple tree',
    count: 'struct irqstat { unsigned int cnt; };',
    mask: 'typedef struct cpumask cpumask_var_t[1];',
    tree: 'struct maple_tree { void *ma_root; };',
    variables: {
      sparse_irqs: ['struct maple_tree', { ma_root: '&desc' }],
      total_nr_irqs: ['unsigned int', 1],
    },
  },
  {
    name: 'an xarray',
    count: 'typedef unsigned int irqstat_t;',
    mask: 'typedef struct cpumask *cpumask_var_t;',
    tree: `struct xarray { void *xa_head; };
      struct xa_node { unsigned char shift; void *slots[64]; };`,
    variables: {
      irq_desc_tree: ['struct xarray', { xa_head: '&desc' }],
      nr_irqs: ['int', 1],
    },
  },
  {
    name: 'an array',
    count: 'typedef unsigned int irqstat_t;',
    mask: 'typedef struct cpumask cpumask_var_t[1];',
    tree: '',
    variables: { nr_irqs: ['int', 1] },
  },
]

function build({ count, mask, tree, variables }: Layout): BuiltKernel {
  const countType = count.startsWith('struct') ? 'struct irqstat' : 'unsigned int'
  const isPointer = mask.includes('*')
  const desc = {
    irq_common_data: { affinity: isPointer ? '&mask' : [{ bits: [3] }] },
    irq_data: { chip: '&chip' },
    kstat_irqs: 0x1000n,
    action: '&first',
    name: 'edge',
  }
  return buildKernel({
    types: `
      ${count} ${tree}
      struct cpumask { unsigned long bits[1]; };
      ${mask}
      struct irq_chip { const char *name; };
      struct irq_common_data { cpumask_var_t affinity; };
      struct irq_data { struct irq_chip *chip; };
      struct irqaction { struct irqaction *next; const char *name; };
      struct irq_desc {
        struct irq_common_data irq_common_data; struct irq_data irq_data; ${countType} *kstat_irqs;
        struct irqaction *action; const char *name;
      };
      struct softirq_action { void *action; };
      struct tasklet_struct { struct tasklet_struct *next; void *func; };
      struct tasklet_head { struct tasklet_struct *head; };
      percpu ${countType} counts;
      percpu struct tasklet_head tasklet_vec;`,
    variables: {
      ...variables,
      softirq_vec: ['struct softirq_action [10]', [{ action: '&run' }]],
      ...(tree === '' ? { irq_desc: ['struct irq_desc', desc] as const } : {}),
    },
    functions: { run: 16 },
    objects: {
      ...(tree === '' ? {} : { desc: ['struct irq_desc', desc] as const }),
      mask: ['struct cpumask', { bits: [3] }],
      chip: ['struct irq_chip', { name: 'IO-APIC' }],
      first: ['struct irqaction', { name: 'timer', next: '&second' }],
      second: ['struct irqaction', { name: 'rtc' }],
      tasklet: ['struct tasklet_struct', { func: '&run' }],
    },
    cpus: [7, 9].map((value) => ({
      counts: countType.startsWith('struct') ? { cnt: value } : value,
      tasklet_vec: { head: '&tasklet' },
    })),
  })
}

for (const layout of LAYOUTS) {
  test(`a descriptor in ${layout.name} tells its handlers, chip, CPUs and counts`, () => {
    const { program } = build(layout)
    assert.equal(nrIrqs(program), 1)
    const found = [...forEachIrqDesc(program)]
    assert.deepEqual(
      found.map(({ irq }) => irq),
      [0],
    )
    const desc = irqToDesc(program, 0)
    assert.ok(desc)
    assert.equal(desc.address, found[0]?.desc.address)
    assert.equal(irqDescActionNames(desc), 'timer,rtc')
    assert.equal(irqChipName(desc), 'IO-APIC')
    assert.equal(formatCpuList(irqDescAffinity(desc)), '0-1')
    assert.deepEqual([kstatIrqsCpu(desc, 0), kstatIrqsCpu(desc, 1)], [7, 9])
    assert.equal(irqToDesc(program, 1), undefined)
  })
}

test('softirqs and tasklets that wait are found', () => {
  const { program, addressOf } = build(LAYOUTS[0] as Layout)
  const [first, second] = forEachSoftirq(program)
  assert.equal(first?.action, addressOf('run'))
  assert.equal(second?.action, 0n)
  const [tasklet] = forEachTasklet(program, 1)
  assert.equal(tasklet?.address, addressOf('tasklet'))
})

test('CPUs show as ranges', () => {
  assert.equal(formatCpuList([0, 1, 2, 5, 7, 8]), '0-2,5,7-8')
  assert.equal(formatCpuList([]), '')
})
