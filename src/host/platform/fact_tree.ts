// Facts as the kernel and the system write them: small text files, folders and links, below a root. The root is `/`, or a
// copied tree, so that every decision made from facts can be made elsewhere and tested without being root.
import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'

/** Read a text file without the white space around it; undefined where there is none, or it may not be read. */
export function readFact(root: string, name: string): string | undefined {
  try {
    return readFileSync(path.join(root, name), 'utf8').trim()
  } catch {
    return undefined
  }
}

/** List the names in a folder, sorted; none where there is no folder. */
export function listFacts(root: string, folder: string): string[] {
  try {
    return readdirSync(path.join(root, folder)).toSorted()
  } catch {
    return []
  }
}

/** Follow a link and return the last part of where it leads; undefined where it leads nowhere. */
export function readLinkFact(root: string, link: string): string | undefined {
  try {
    return path.basename(realpathSync(path.join(root, link)))
  } catch {
    return undefined
  }
}

/** Read one line of a file named in full, without the white space around it; '' where there is none. */
export function readLine(file: string): string {
  return readFact('', file) ?? ''
}

/** List the names in a folder named in full, sorted; none where there is no folder. */
export function listNames(folder: string): string[] {
  return listFacts('', folder)
}
