// Platforms known by what their firmware says (DMI), and what is different there. Facts as data, each with its source.
import type { Facts } from '../../platform/facts.ts'

/** A platform. */
export interface Cloud {
  readonly name: string
  /** By what it was recognised. */
  readonly evidence: string
  readonly quirks: readonly string[]
  /** How to send a non-maskable interrupt. */
  readonly nmi: string
}

interface Row extends Omit<Cloud, 'evidence'> {
  readonly field: string
  readonly pattern: RegExp
}

const PLATFORMS: readonly Row[] = [
  {
    name: 'Amazon EC2',
    field: 'sys_vendor',
    pattern: /^Amazon EC2$/,
    quirks: [
      'disks are NVMe, the card is ena: both drivers must be in the image',
      'on Graviton irqpoll hangs the capture kernel; it is left out there',
    ],
    nmi: 'aws ec2 send-diagnostic-interrupt --instance-id ID (Nitro instances)',
  },
  {
    name: 'Microsoft Azure or Hyper-V',
    field: 'sys_vendor',
    pattern: /^Microsoft Corporation$/,
    quirks: [
      'disks and cards are hv_storvsc and hv_netvsc, which need hv_vmbus',
      'Hyper-V sets crash_kexec_post_notifiers to report the panic to its host',
    ],
    nmi: 'Azure: serial console, Send NMI; Hyper-V: Debug-VM -Name NAME -InjectNonMaskableInterrupt -Force',
  },
  {
    name: 'Google Compute Engine',
    field: 'product_name',
    pattern: /^Google Compute Engine$/,
    quirks: ['cards are virtio_net or gve, disks virtio_scsi or NVMe'],
    nmi: 'gcloud compute instances send-diagnostic-interrupt INSTANCE; else sysrq on the serial console',
  },
  {
    name: 'a VMware guest',
    field: 'sys_vendor',
    pattern: /^VMware, Inc\.$/,
    quirks: [],
    nmi: 'vSphere: vmdumper WORLD nmi on the host',
  },
  {
    name: 'a QEMU guest',
    field: 'sys_vendor',
    pattern: /^(?:QEMU|Red Hat|oVirt|OpenStack Foundation)$/,
    quirks: [],
    nmi: "virsh inject-nmi DOMAIN, or 'nmi' in QEMU's monitor",
  },
  {
    name: 'a Xen guest',
    field: 'sys_vendor',
    pattern: /^Xen$/,
    quirks: ['HVM guests only: a PV guest has no capture kernel of its own'],
    nmi: 'xl trigger DOMAIN nmi',
  },
]

/** Recognise the platform; undefined on hardware that says nothing of the kind. */
export function findCloud(facts: Facts): Cloud | undefined {
  for (const { field, pattern, ...cloud } of PLATFORMS) {
    const said = facts.text(`sys/class/dmi/id/${field}`) ?? ''
    if (pattern.test(said)) return { ...cloud, evidence: `/sys/class/dmi/id/${field}: ${said}` }
  }
  return undefined
}
