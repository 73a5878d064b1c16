// The registry of tidy rules.
import { bufferPlace } from './buffer_place.ts'
import { bufferBigint } from './buffer_bigint.ts'
import { defaultExport } from './default_export.ts'
import { docOrder } from './doc_order.ts'
import { erasableSyntax } from './erasable_syntax.ts'
import { exportDoc } from './export_doc.ts'
import { fileLength } from './file_length.ts'
import { fileName } from './file_name.ts'
import { firstComment } from './first_comment.ts'
import { functionLength } from './function_length.ts'
import { kernelHistory } from './kernel_history.ts'
import { kernelVersion } from './kernel_version.ts'
import { registryComplete } from './registry_complete.ts'
import type { TidyRule } from './tidy_rule.ts'
import { todoIssue } from './todo_issue.ts'
import { topDown } from './top_down.ts'

/** Every rule, in alphabetical order; the order has no meaning. */
export const TIDY_RULES: readonly TidyRule[] = [
  bufferBigint,
  bufferPlace,
  defaultExport,
  docOrder,
  erasableSyntax,
  exportDoc,
  fileLength,
  fileName,
  firstComment,
  functionLength,
  kernelHistory,
  kernelVersion,
  registryComplete,
  todoIssue,
  topDown,
]
