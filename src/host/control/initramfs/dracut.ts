// dracut's image with our module in it, which starts the recorder where dracut would mount the root file system. Its
// systemd is left out: the recorder wants memory more than units. Source: dracut(8), dracut.modules(7).
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { splitArguments } from '../config/split_arguments.ts'
import type { StorageNeeds } from './build_image.ts'
import type { StorageLayer } from './device_modules.ts'
import { findProgram, runDistributionTool } from './distribution_tool.ts'
import { STORAGE_CONFIGURATION, type ImageBackend } from './image_backend.ts'
import { buildStackedImage } from './stacked_image.ts'
import { BASE_SCRIPTS } from './stacked_scripts.ts'

const LIBRARY = 'usr/lib/dracut'
const TOOL = 'dracut'
const MODULE = 'kbox'

/** dracut's modules for what devices are stacked on. */
const MODULES: Readonly<Partial<Record<StorageLayer, readonly string[]>>> = {
  LVM: ['dm', 'lvm'],
  LUKS: ['dm', 'crypt'],
  multipath: ['dm', 'multipath'],
  RAID: ['mdraid'],
  'device mapper': ['dm'],
  iSCSI: ['network', 'iscsi'],
  'NVMe over Fabrics': ['network', 'nvmf'],
  bcache: ['bcache'],
}

/** What an image for dumps has no use for. */
const OMITTED =
  'systemd systemd-initrd dracut-systemd plymouth resume earlykdump rngd i18n usrmount drm lunmask'

/** Red Hat's, SUSE's and, where it is installed, Debian's tool. */
export const dracut: ImageBackend = {
  name: 'dracut',
  packages: 'dracut (Debian: dracut-core)',
  serves: (layer) => MODULES[layer] !== undefined,
  append: `rdinit=/${BASE_SCRIPTS.boot}`,
  configuration: [
    ...STORAGE_CONFIGURATION,
    ...[
      '/usr/bin/dracut',
      '/etc/dracut.conf',
      '/etc/dracut.conf.d',
      '/usr/lib/dracut/dracut.conf.d',
    ],
  ],
  find: (root) => findProgram(root, TOOL),
  build: (file, inputs) => buildStackedImage(file, inputs, buildBase),
}

/** Make dracut's command line. */
export function dracutArguments(
  image: string,
  scratch: string,
  { layers, devices, drivers, dracutArgs }: StorageNeeds,
  release: string,
): string[] {
  const modules = new Set([MODULE, ...layers.flatMap((layer) => MODULES[layer] ?? [])])
  return [
    ...['--force', '--quiet', '--gzip', '--no-early-microcode', '--kver', release],
    ...['--tmpdir', scratch, '--hostonly', '--hostonly-cmdline', '--no-hostonly-default-device'],
    ...devices.flatMap(({ node }) => ['--add-device', node]),
    ...['--add', [...modules].join(' '), '--omit', OMITTED],
    ...(drivers.length === 0 ? [] : ['--add-drivers', drivers.join(' ')]),
    // kdump.conf was checked: a quote that is not closed does not come here.
    ...(splitArguments(dracutArgs) ?? []).map(({ text }) => text),
    image,
  ]
}

function buildBase(folder: string, storage: StorageNeeds, release: string): string {
  const image = path.join(folder, 'dracut.img')
  const library = makeLibrary(folder)
  const scratch = path.join(folder, 'tmp')
  mkdirSync(scratch)
  runDistributionTool(
    findProgram('/', TOOL) ?? TOOL,
    dracutArguments(image, scratch, storage, release),
    { dracutbasedir: library },
  )
  return image
}

/** dracut's own folder with one more module in it: links, as nothing is to be installed for one image. */
function makeLibrary(folder: string): string {
  const library = path.join(folder, 'dracut')
  const modules = path.join(library, 'modules.d')
  const module = path.join(modules, `99${MODULE}`)
  mkdirSync(module, { recursive: true })
  const own = path.join('/', LIBRARY)
  for (const name of readdirSync(own))
    if (name !== 'modules.d') symlinkSync(path.join(own, name), path.join(library, name))
  for (const name of readdirSync(path.join(own, 'modules.d')))
    symlinkSync(path.join(own, 'modules.d', name), path.join(modules, name))
  for (const [name, text] of Object.entries(MODULE_FILES))
    writeFileSync(path.join(module, name), text, { mode: 0o755 })
  return library
}

/** Our module. */
export const MODULE_FILES: Readonly<Record<string, string>> = {
  'module-setup.sh': `#!/bin/bash
# kbox: starts the recorder when the devices are there.
check() {
    return 255
}
depends() {
    return 0
}
install() {
    inst_hook cmdline 99 "$moddir/kbox-root.sh"
    inst_hook initqueue/finished 99 "$moddir/kbox-ready.sh"
    inst_hook initqueue/timeout 01 "$moddir/kbox-enter.sh"
    inst_hook pre-mount 01 "$moddir/kbox-enter.sh"
    inst_hook emergency 01 "$moddir/kbox-enter.sh"
    dracut_need_initqueue
}
`,
  // dracut goes no further without a root; ours is never mounted.
  'kbox-root.sh': `#!/bin/sh
root=kbox
rootok=1
`,
  'kbox-ready.sh': `#!/bin/sh
/${BASE_SCRIPTS.ready}
`,
  'kbox-enter.sh': `#!/bin/sh
/${BASE_SCRIPTS.enter}
`,
}
