// wr: refused. The machine of a dump is gone, and a dump that was written to would prove nothing any more.
import { UnsupportedError } from '../../base/errors.ts'
import { defineCommand } from '../command.ts'

const HELP = 'refused, as all of wr'

export const wr = defineCommand({
  name: 'wr',
  summary: 'write memory (refused)',
  operands: '[address | symbol] value',
  description:
    'Refused: a dump is not written to, and neither is the memory of a running kernel: kbox only reads.',
  examples: [{ text: 'read instead', command: 'rd jiffies' }],
  options: {
    user: { type: 'boolean', short: 'u', help: HELP },
    kernel: { type: 'boolean', short: 'k', help: HELP },
    physical: { type: 'boolean', short: 'p', help: HELP },
    bits8: { type: 'boolean', short: '8', help: HELP },
    bits16: { type: 'boolean', short: '16', help: HELP },
    bits32: { type: 'boolean', short: '32', help: HELP },
    bits64: { type: 'boolean', short: '64', help: HELP },
  },
  code: () => '// A dump is not written to.',
  run() {
    throw new UnsupportedError('a dump is not written to: rd reads it')
  },
})
