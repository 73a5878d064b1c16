// exit: end the session.

import { defineCommand, type Block } from '../command.ts'

export const exit = defineCommand({
  name: 'exit',
  aliases: { q: [], quit: [] },
  summary: 'end the session',
  examples: [{ text: 'end the session', command: 'q' }],
  options: {},
  code: () => 'program[Symbol.dispose]()',
  run(session): Iterable<Block> {
    session.finished = true
    return []
  },
})
