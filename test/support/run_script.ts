// A script as `kbox run` runs it, but in this process: what it prints is caught.
import { format } from 'node:util'
import { importScript } from '../../src/cli/run.ts'

let count = 0

/** Run a script over dumps; returns the lines it printed. Throws what it throws. */
export async function runScript(source: string, ...dumps: readonly string[]): Promise<string[]> {
  const lines: string[] = []
  const { log } = console
  const { write } = process.stdout
  console.log = (...args: unknown[]): void => {
    lines.push(...format(...args).split('\n'))
  }
  process.stdout.write = (chunk: string | Uint8Array): boolean => {
    lines.push(String(chunk))
    return true
  }
  try {
    await importScript(new URL(`./script_${count++}.ts`, import.meta.url).href, source, dumps)
  } finally {
    console.log = log
    process.stdout.write = write
  }
  return lines
}
