// Our own image: busybox, /init, the modules of plain disks, the runtime. It needs no tool of the distribution's.
import { buildImage } from './build_image.ts'
import type { ImageBackend } from './image_backend.ts'

/** Plain disks and partitions, and networks that the recorder sets up itself. */
export const builtin: ImageBackend = {
  name: 'builtin',
  packages: 'busybox-static',
  serves: () => false,
  append: '',
  configuration: [],
  find: () => 'kbox',
  build: buildImage,
}
