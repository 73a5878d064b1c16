// The ways to make a capture initramfs, in the order in which they are asked.
import { builtin } from './builtin.ts'
import { dracut } from './dracut.ts'
import type { ImageBackend } from './image_backend.ts'
import { initramfsTools } from './initramfs_tools.ts'

/** All back-ends. The first that serves a target is taken. */
export const BACKENDS: readonly ImageBackend[] = [builtin, dracut, initramfsTools]
