// What is done for dumps when the machine is up again: room is made, then the newest are signed, and their reports written.
// kbox-report.service runs it, in the background: what fails is told in the journal, and nothing waits for it.
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { HostError, KdumpError } from '../../../core/base/errors.ts'
import { writeDurably } from '../../platform/durable_file.ts'
import { isSystemError } from '../../platform/file_error.ts'
import { isEncrypted } from '../../platform/age/unlock.ts'
import { DUMPS } from '../after/crash_of_manifest.ts'
import type { CollectMessage } from '../after/collect.ts'
import type { KdumpConf } from '../config/kdump_conf_model.ts'
import { appendAccess } from './access_log.ts'
import { pruneDumps } from './prune.ts'
import { LAST_REPORT, reportDump, writeReportFiles } from './report_files.ts'
import type { Removal } from './retention.ts'
import { findDumpFolders, listDumps } from './saved_dumps.ts'
import { SIGNATURE, signFolder } from './sign_manifest.ts'

/** Written before a report is begun: one that took the machine's memory is not begun at each boot. */
const BEGUN = 'report.begun'
/** So many crashes, one soon after the other, are cared for; what lay there before kbox came stays as it is. */
const DUMPS_MAX = 3

/** Care for the newest dumps. Never throws for what is wrong with one of them. */
export async function careForDumps(
  conf: KdumpConf,
  nowMs: number,
  root = '/',
): Promise<CollectMessage[]> {
  const messages: CollectMessage[] = []
  const tell = (text: string, isWarning = false): void => void messages.push({ text, isWarning })
  const options = { isDryRun: false, nowMs, root, note: removalNoter(conf, 'collect', root, tell) }
  const { removals, notes } = pruneDumps(conf, options)
  for (const { dump, why } of removals) tell(`removed ${dump.directory}: ${why}`)
  for (const note of notes) tell(note, true)
  for (const folder of findDumpFolders(conf, root)) {
    for (const { directory } of listDumps(folder).slice(-DUMPS_MAX)) {
      if (conf.signKey !== '')
        await attemptFor(directory, tell, () =>
          sign(directory, path.join(root, conf.signKey), tell),
        )
      if (conf.autoReport) await attemptFor(directory, tell, () => makeReport(directory, tell))
    }
  }
  return messages
}

/** Note removals in the log of a configuration. */
export function removalNoter(
  { accessLog: { file, isRequired } }: KdumpConf,
  verb: string,
  root: string,
  tell: (text: string, isWarning: boolean) => void,
): (removal: Removal) => void {
  return ({ dump: { directory, manifest }, why }) => {
    if (file === '') return
    try {
      const event = { action: 'remove', verb, dump: directory, manifest, result: why } as const
      appendAccess(path.join(root, file), event)
    } catch (error) {
      if (isRequired || !(error instanceof HostError)) throw error
      tell(`not noted in the access log: ${error.message}`, true)
    }
  }
}

type Tell = (text: string, isWarning?: boolean) => void

async function sign(directory: string, keyFile: string, tell: Tell): Promise<void> {
  if (existsSync(path.join(directory, SIGNATURE))) return
  const fingerprint = await signFolder(directory, keyFile)
  tell(`signed ${directory} with ${fingerprint}`)
}

function makeReport(directory: string, tell: Tell): void {
  const at = (name: string): string => path.join(directory, name)
  if (existsSync(at(LAST_REPORT)) || existsSync(at(BEGUN))) return
  const dump = DUMPS.map(at).find((file) => existsSync(file))
  if (dump === undefined) return
  writeDurably(at(BEGUN), [])
  if (isEncrypted(dump)) {
    tell(`${dump} is encrypted: kbox report --identity FILE makes its report`)
    return
  }
  writeReportFiles(reportDump([dump]), directory)
  rmSync(at(BEGUN))
  tell(`report: ${at('report.txt')}`)
}

async function attemptFor(
  directory: string,
  tell: Tell,
  work: () => void | Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof KdumpError) && !isSystemError(error)) throw error
    tell(`${directory}: ${error.message}`, true)
  }
}
