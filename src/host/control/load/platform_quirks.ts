// Platforms on which the usual capture command line is known to fail, what is changed there, and who found out.
import { readFact } from '../../platform/fact_tree.ts'
import type { Machine } from './cmdline_tables.ts'

/** What tells platforms apart. */
export interface PlatformFacts {
  readonly machine: Machine
  /** DMI strings: sys_vendor, product_name, chassis_asset_tag; '' where there are none. */
  readonly vendor: string
  readonly product: string
  readonly assetTag: string
  /** /sys/hypervisor/type: `xen`, or ''. */
  readonly hypervisor: string
  /** This is Xen's control domain. */
  readonly isXenControl: boolean
}

/** A platform and what it needs. */
export interface Platform {
  readonly id: string
  readonly name: string
  matches(facts: PlatformFacts): boolean
  /** Words to drop, from the running line and from what is added. A bare key drops any value. */
  readonly remove: readonly PlatformChange[]
  readonly add: readonly PlatformChange[]
}

/** One change and its reason. */
export interface PlatformChange {
  readonly word: string
  readonly reason: string
}

/** Microsoft's own mark of an Azure machine, the same on all of them. */
const AZURE_TAG = '7783-7084-3265-9085-8269-3286-77'

const HYPERV_CHANGES: readonly PlatformChange[] = [
  {
    word: 'module_blacklist=hyperv_fb',
    // https://github.com/microsoft/lis-test/pull/1098
    reason: 'the synthetic frame buffer of the crashed kernel stops the capture kernel',
  },
]

/** All we know; the first that matches counts. Platforms without changes are listed so that they are recognised. */
export const PLATFORMS: readonly Platform[] = [
  {
    id: 'aws-graviton',
    name: 'AWS Graviton',
    matches: ({ vendor, machine }) => vendor === 'Amazon EC2' && machine === 'aarch64',
    remove: [
      {
        word: 'irqpoll',
        // https://github.com/coreos/fedora-coreos-tracker/issues/1187
        reason: 'with it the capture kernel hangs at its serial console on Graviton',
      },
    ],
    add: [],
  },
  {
    id: 'aws',
    name: 'Amazon EC2',
    matches: ({ vendor }) => vendor === 'Amazon EC2',
    remove: [],
    add: [],
  },
  {
    id: 'azure',
    name: 'Microsoft Azure',
    matches: ({ vendor, assetTag }) => vendor === 'Microsoft Corporation' && assetTag === AZURE_TAG,
    remove: [],
    add: HYPERV_CHANGES,
  },
  {
    id: 'hyper-v',
    name: 'Hyper-V',
    matches: ({ vendor, product }) =>
      vendor === 'Microsoft Corporation' && product === 'Virtual Machine',
    remove: [],
    add: HYPERV_CHANGES,
  },
  {
    id: 'gcp',
    name: 'Google Compute Engine',
    matches: ({ vendor, product }) => vendor === 'Google' && product === 'Google Compute Engine',
    remove: [],
    add: [],
  },
  {
    id: 'xen-control',
    name: 'Xen control domain',
    matches: ({ isXenControl }) => isXenControl,
    remove: [
      {
        word: 'console=hvc0',
        // https://github.com/openSUSE/kdump/pull/15
        reason: 'the capture kernel runs without Xen, and hangs at this console',
      },
    ],
    add: [],
  },
  {
    id: 'xen',
    name: 'Xen guest',
    matches: ({ hypervisor }) => hypervisor === 'xen',
    remove: [],
    add: [],
  },
]

/** Recognise the platform; undefined for a machine that is none of them. */
export function findPlatform(facts: PlatformFacts): Platform | undefined {
  return PLATFORMS.find((platform) => platform.matches(facts))
}

/** Read what tells platforms apart. @param root where sys/ and proc/ are found */
export function readPlatformFacts(machine: Machine, root = '/'): PlatformFacts {
  const dmi = (name: string): string => readFact(root, `sys/class/dmi/id/${name}`) ?? ''
  return {
    machine,
    vendor: dmi('sys_vendor'),
    product: dmi('product_name'),
    assetTag: dmi('chassis_asset_tag'),
    hypervisor: readFact(root, 'sys/hypervisor/type') ?? '',
    isXenControl: (readFact(root, 'proc/xen/capabilities') ?? '').includes('control_d'),
  }
}
