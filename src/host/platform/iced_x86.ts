// The disassembler, loaded when the first instruction is asked for: 40 ms, which sessions without `dis` do not pay. It is not
// in the capture image, where nobody disassembles.
import { createRequire } from 'node:module'
import { UnsupportedError } from '../../core/base/errors.ts'
import { registerDisassembler } from '../../core/arch/disassembler.ts'
import { createX86Disassembler, type Iced } from '../../core/arch/x86_64_disassembler.ts'

/** Let `dis` find a disassembler. Costs nothing until it asks. */
export function registerDisassemblers(): void {
  registerDisassembler('x86_64', () => createX86Disassembler(loadIced()))
}

const require = createRequire(import.meta.url)

function loadIced(): Iced {
  try {
    return require('iced-x86') as Iced
  } catch (cause) {
    throw new UnsupportedError('disassembly (npm package iced-x86 cannot be loaded)', { cause })
  }
}
