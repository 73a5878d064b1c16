// A payload as `kbox install` finds it, with the real packaging/ and small stand-ins for what is large.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Payload } from '../../src/host/control/install/payload.ts'

const ROOT = path.join(import.meta.dirname, '../..')

/** What a test works with; dispose of it to remove it. */
export interface SmallPayload extends Disposable {
  readonly payload: Payload
  /** An empty machine to install into. */
  readonly machine: string
}

/** Make a payload and a machine. @param chunks names of the bundle's chunks beside kbox.mjs */
export function smallPayload(chunks: readonly string[] = ['chunk-A.mjs']): SmallPayload {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-payload-'))
  const root = path.join(folder, 'payload')
  const at = (name: string): string => path.join(root, name)
  for (const name of ['packaging', 'bin/kbox', 'bin/node'])
    cpSync(path.join(ROOT, name), at(name), { recursive: true })
  const files = [
    ...['kbox.mjs', ...chunks].map((name) => `dist/bundle/${name}`),
    ...['dist/runtime.squashfs', 'dist/busybox', 'dist/node', 'LICENSE'],
    ...['node_modules/koffi/package.json', 'node_modules/koffi/index.js'],
    'node_modules/koffi/src/native.cc',
  ]
  for (const name of files) {
    mkdirSync(path.dirname(at(name)), { recursive: true })
    writeFileSync(at(name), `${name}\n`)
  }
  const machine = path.join(folder, 'machine')
  mkdirSync(machine)
  return {
    machine,
    payload: {
      root,
      bundle: at('dist/bundle'),
      runtime: at('dist/runtime.squashfs'),
      busybox: at('dist/busybox'),
      node: at('dist/node'),
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Write a file of a machine, with its folders. */
export function placeText(root: string, name: string, text: string): void {
  const file = path.join(root, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}
