// The line by which status and start tell how the last `kbox test` went.
import { formatCreationTest, type CreationTest } from '../host/control/after/creation_test.ts'
import { sayKdump, warnKdump } from './kdump_messages.ts'

/** Print kdumpctl's line. */
export function sayCreationTest(test: CreationTest | undefined): void {
  const { text, isWarning } = formatCreationTest(test)
  if (isWarning) warnKdump(text)
  else sayKdump(text)
}
