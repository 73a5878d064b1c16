// Runs a verb's main function and catches what it prints.
import type { TestContext } from 'node:test'

/** What a verb did. */
export interface VerbOutput {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Run a verb with these arguments. */
export async function verbOutput(
  context: TestContext,
  main: (argv: readonly string[]) => number | Promise<number>,
  argv: readonly string[],
): Promise<VerbOutput> {
  const output = { stdout: '', stderr: '' }
  const mocks = (['stdout', 'stderr'] as const).map((name) =>
    context.mock.method(process[name], 'write', (text: string) => {
      output[name] += text
      return true
    }),
  )
  try {
    return { code: await main(argv), ...output }
  } finally {
    for (const { mock } of mocks) mock.restore()
  }
}
