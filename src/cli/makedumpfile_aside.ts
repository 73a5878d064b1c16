// What makedumpfile does besides making dumps: rearrange a stream, print the log, count memory, write VMCOREINFO.
import { HostError } from '../core/base/errors.ts'
import type { Dump } from '../core/dump/dump_format.ts'
import { dumpDmesg } from '../host/capture/dump_dmesg.ts'
import { openDumpPath } from '../host/capture/open_pages.ts'
import { predictDump } from '../host/capture/predict_dump.ts'
import { rearrange } from '../host/capture/rearrange.ts'
import { formatVmcoreinfoFile } from '../host/capture/vmcoreinfo_file.ts'
import { openFileOutput } from '../host/platform/file_output.ts'
import type { Messages } from './makedumpfile_messages.ts'
import { type MakedumpfileRequest, ML_COMMON } from '../host/capture/makedumpfile_options.ts'
import { formatMemUsage, formatPrediction } from './predict_text.ts'
import { writeText } from '../host/platform/stream.ts'

const STDIN = 0
/** What is read when no dump is named. */
const LIVE = '/proc/kcore'

/** -R: write standard input, a flattened stream, out as the file it describes. */
export function rearrangeStream(request: MakedumpfileRequest, messages: Messages): boolean {
  writeFile(request, (output) => rearrange(STDIN, 'stdin', output))
  messages.say(ML_COMMON, `\nThe dumpfile is saved to ${request.outputs[0]}.\n`)
  return completed(messages)
}

/** --dump-dmesg: write the log. */
export function writeDmesg(request: MakedumpfileRequest, messages: Messages): boolean {
  using dump = openInput(request)
  let size = 0
  writeFile(request, (output) => {
    for (const record of dumpDmesg(dump, { partial: request.isPartialDmesg, callers: true })) {
      size += output.write(size, record)
    }
  })
  messages.say(ML_COMMON, `\nThe dmesg log is saved to ${request.outputs[0]}.\n`)
  return completed(messages)
}

/** --mem-usage: what memory is used for, and how large a dump of it would be. */
export function printMemUsage(request: MakedumpfileRequest, messages: Messages): boolean {
  using dump = openInput(request)
  const prediction = predictDump(dump, request.pageOrder === 'priority')
  writeText(1, formatMemUsage(prediction, dump.pageSize) + formatPrediction(prediction))
  return completed(messages)
}

/** -g: write the text of VMCOREINFO, of a dump or of the running kernel. */
export function writeVmcoreinfo(request: MakedumpfileRequest, messages: Messages): boolean {
  using dump = openInput(request)
  writeFile(request, (output) => output.write(0, formatVmcoreinfoFile(dump)))
  messages.say(ML_COMMON, `\nThe vmcoreinfo is saved to ${request.outputs[0]}.\n`)
  return completed(messages)
}

function openInput({ inputs, useMmap }: MakedumpfileRequest): Dump {
  return openDumpPath({ files: inputs.length > 0 ? inputs : [LIVE], useMmap })
}

/** Write the request's one file. @throws {HostError} if it exists, or not all of it could be written */
function writeFile(
  { outputs, overwrite }: MakedumpfileRequest,
  write: (output: ReturnType<typeof openFileOutput>) => void,
): void {
  const [file] = outputs
  if (file === undefined) throw new HostError('no file to write')
  const output = openFileOutput(file, { overwrite })
  try {
    write(output)
  } finally {
    output.close()
  }
  if (output.problem) throw output.problem
}

function completed(messages: Messages): boolean {
  messages.say(ML_COMMON, '\nmakedumpfile Completed.\n')
  return true
}
