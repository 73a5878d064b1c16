// What makes a capture initramfs: one file a back-end, all in backends.ts.
import type { InitramfsBackend } from '../config/kdump_conf_model.ts'
import type { BuiltImage, ImageInputs } from './build_image.ts'
import type { StorageLayer } from './device_modules.ts'

/** Names of the back-ends, as kdump.conf's `initramfs` has them. */
export type BackendName = Exclude<InitramfsBackend, 'auto'>

/** What tells the distributions' tools how to set up disks; they copy it into their images. */
export const STORAGE_CONFIGURATION: readonly string[] = [
  '/etc/crypttab',
  '/etc/fstab',
  '/etc/lvm/lvm.conf',
  '/etc/mdadm.conf',
  '/etc/mdadm/mdadm.conf',
  '/etc/multipath',
  '/etc/multipath.conf',
  '/etc/iscsi',
]

/** A way to make an image. */
export interface ImageBackend {
  readonly name: BackendName
  /** What to install where it is missing, as the distributions call it. */
  readonly packages: string
  /** Does it set up what a device is stacked on? */
  serves(layer: StorageLayer): boolean
  /** More words for the capture kernel's command line. */
  readonly append: string
  /** Files and folders that decide what it puts into an image, itself among them: a change of theirs asks for a rebuild. */
  readonly configuration: readonly string[]
  /** Find the program that does it; undefined if it is not installed. @param root whose files are looked at */
  find(root: string): string | undefined
  /**
   * Write the image. The file appears only when it is whole.
   *
   * @throws {HostError} if an input is missing or unfit, or the program failed
   */
  build(file: string, inputs: ImageInputs): BuiltImage
}
