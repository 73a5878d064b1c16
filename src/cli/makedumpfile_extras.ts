// What a dump may be asked for besides: a check of the kernel, a translated address, erased data, predicted sizes.
import { FormatError, MismatchError } from '../core/base/errors.ts'
import type { Dump } from '../core/dump/dump_format.ts'
import { readExact } from '../core/io/source.ts'
import { openKernel } from '../core/kernel/open_kernel.ts'
import type { DumpStats } from '../host/capture/dump_stats.ts'
import { type ErasePlan, planErasure } from '../host/capture/erase/erase_plan.ts'
import { openDumpPath } from '../host/capture/open_pages.ts'
import { predictDump } from '../host/capture/predict_dump.ts'
import {
  applyVmcoreinfoFile,
  findVmlinuxMismatch,
  VMCOREINFO_FILE_SIZE_MAX,
} from '../host/capture/vmcoreinfo_file.ts'
import { formatVtop, parseVtopAddress } from '../host/capture/vtop.ts'
import { openFileSource } from '../host/platform/file_source.ts'
import type { Messages } from './makedumpfile_messages.ts'
import {
  type MakedumpfileRequest,
  ML_COMMON,
  ML_ERROR,
} from '../host/capture/makedumpfile_options.ts'
import { formatPrediction } from './predict_text.ts'
import { writeText } from '../host/platform/stream.ts'

const RULES_SIZE_MAX = 16 * 1024 * 1024

/** Take VMCOREINFO from a file, or have a vmlinux confirm that it is the dump's. @throws {MismatchError} */
export function checkKernel({ vmcoreinfoFile, vmlinux }: MakedumpfileRequest, dump: Dump): void {
  let mismatch = ''
  if (vmcoreinfoFile !== undefined) {
    const applied = applyVmcoreinfoFile(dump, readSmallFile(vmcoreinfoFile), vmcoreinfoFile)
    mismatch = applied.mismatch
    Object.assign(dump, { vmcoreinfo: applied.vmcoreinfo })
  }
  if (vmlinux !== undefined) {
    using source = openFileSource(vmlinux)
    mismatch = findVmlinuxMismatch(dump, source)
  }
  if (mismatch !== '') throw new MismatchError(mismatch)
}

function readSmallFile(file: string): Uint8Array {
  using source = openFileSource(file)
  return readExact(source, 0, Math.min(source.size, VMCOREINFO_FILE_SIZE_MAX + 1), 'VMCOREINFO')
}

/** Find out what --config wants erased. A rule that cannot be followed is said, the others are. */
export function planErase(
  { eraseConfig, inputs: [file = '', ...parts] }: MakedumpfileRequest,
  messages: Messages,
): ErasePlan | undefined {
  if (eraseConfig === undefined) return undefined
  const program = openKernel(openFileSource(file), {
    parts: parts.map((part) => openFileSource(part)),
  })
  using _dump = program.dump
  const rules = new TextDecoder().decode(readRules(eraseConfig))
  const plan = planErasure(program, rules, eraseConfig)
  for (const { line, message } of plan.problems) {
    messages.say(ML_ERROR, `${eraseConfig}:${line}: ${message}: this rule is skipped\n`)
  }
  return plan
}

function readRules(file: string): Uint8Array {
  using source = openFileSource(file)
  if (source.size > RULES_SIZE_MAX) {
    throw new FormatError(file, 0, `${source.size} bytes are no file of rules`)
  }
  return readExact(source, 0, source.size, 'rules')
}

/** --vtop: translate an address; false if it leads nowhere. */
export function printVtop(dump: Dump, address: string, messages: Messages): boolean {
  const { text, problem } = formatVtop(dump, parseVtopAddress(address))
  messages.say(ML_COMMON, text)
  if (problem !== '') messages.say(ML_ERROR, `${problem}\n`)
  return problem === ''
}

/** What was left unwritten, and what other options would write. */
export function printPrediction(request: MakedumpfileRequest, { fileSize }: DumpStats): void {
  using dump = openDumpPath({ files: request.inputs, useMmap: request.useMmap })
  const prediction = predictDump(dump, request.pageOrder === 'priority')
  writeText(1, `\nThe dumpfile would have ${fileSize} bytes.\n`)
  writeText(1, formatPrediction(prediction))
}
