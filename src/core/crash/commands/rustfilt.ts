// rustfilt: names of Rust functions as people write them.
import { demangleRust } from '../../base/rust_demangle.ts'
import { defineCommand, lines } from '../command.ts'

export const rustfilt = defineCommand({
  name: 'rustfilt',
  summary: 'demangle names of Rust',
  operands: 'symbol ...',
  operandsMin: 1,
  description:
    'Both manglings of rustc are known: the one that begins with _R, and the older one with _ZN. Hashes are left out. ' +
    'What is no name of Rust stays as it is.',
  examples: [
    {
      text: 'a function of the kernel',
      command: 'rustfilt _RNvNtCshc5sK6KjdJJ_6kernel5print11call_printk',
    },
  ],
  options: {},
  code: ({ operands }) => operands.map((name) => `console.log(demangleRust('${name}'))`).join('\n'),
  *run(_, { operands }) {
    yield lines(...operands.map((name) => demangleRust(name) ?? name))
  },
})
