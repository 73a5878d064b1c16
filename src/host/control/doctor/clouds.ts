// Platforms known by what their firmware says (DMI), and how to send each an NMI. What is different there is in platform_quirks.ts.
import type { Facts } from '../../platform/facts.ts'

/** A platform. */
export interface Cloud {
  readonly name: string
  /** By what it was recognised. */
  readonly evidence: string
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
    nmi: 'aws ec2 send-diagnostic-interrupt --instance-id ID (Nitro instances)',
  },
  {
    name: 'Microsoft Azure or Hyper-V',
    field: 'sys_vendor',
    pattern: /^Microsoft Corporation$/,
    nmi: 'Azure: serial console, Send NMI; Hyper-V: Debug-VM -Name NAME -InjectNonMaskableInterrupt -Force',
  },
  {
    name: 'Google Compute Engine',
    field: 'product_name',
    pattern: /^Google Compute Engine$/,
    nmi: 'gcloud compute instances send-diagnostic-interrupt INSTANCE; else sysrq on the serial console',
  },
  {
    name: 'a VMware guest',
    field: 'sys_vendor',
    pattern: /^VMware, Inc\.$/,
    nmi: 'vSphere: vmdumper WORLD nmi on the host',
  },
  {
    name: 'a QEMU guest',
    field: 'sys_vendor',
    pattern: /^(?:QEMU|Red Hat|oVirt|OpenStack Foundation)$/,
    nmi: "virsh inject-nmi DOMAIN, or 'nmi' in QEMU's monitor",
  },
  {
    name: 'a Xen guest',
    field: 'sys_vendor',
    pattern: /^Xen$/,
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
