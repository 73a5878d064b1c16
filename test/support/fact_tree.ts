// Trees of facts below a temporary folder: files and links of /proc, /sys and /etc as a machine has them.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** A tree; dispose of it to remove it. */
export interface FactTree extends Disposable {
  readonly root: string
  /** Write a file, its folders included. */
  file(name: string, text: string): void
  /** Make an empty folder. */
  folder(name: string): void
  /** Link to another path of the tree. */
  link(name: string, target: string): void
}

/** Make a tree of files, by their paths. */
export function makeFactTree(files: Readonly<Record<string, string>> = {}): FactTree {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-facts-'))
  const at = (name: string): string => path.join(root, name)
  const tree: FactTree = {
    root,
    file(name, text) {
      mkdirSync(path.dirname(at(name)), { recursive: true })
      writeFileSync(at(name), text)
    },
    folder: (name) => void mkdirSync(at(name), { recursive: true }),
    link(name, target) {
      mkdirSync(path.dirname(at(name)), { recursive: true })
      symlinkSync(at(target), at(name))
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  }
  for (const [name, text] of Object.entries(files)) tree.file(name, text)
  return tree
}

/** Give a tree a network card. @param device path below sys/devices of what it is plugged into */
export function addCard(tree: FactTree, name: string, mac: string, device: string): void {
  const folder = `sys/devices/${device}/net/${name}`
  tree.file(`${folder}/address`, `${mac}\n`)
  tree.file(`${folder}/mtu`, '1500\n')
  tree.file(`${folder}/ifindex`, '2\n')
  tree.file(`${folder}/carrier`, '1\n')
  tree.link(`${folder}/device`, `sys/devices/${device}`)
  tree.link(`sys/class/net/${name}`, folder)
}
