// What is done once after a crash, by `kbox start` and the after-boot unit: the log is taken out of the breadcrumbs, a raw
// target's dump is taken off it, what happened is noted for `kbox last`, and room is made for the next crash.
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { KdumpError } from '../../../core/base/errors.ts'
import type { CrumbFile } from '../../capture/breadcrumb_layout.ts'
import { type CaptureManifest, formatManifest } from '../../capture/capture_manifest.ts'
import { formatStamp } from '../../capture/supervisor.ts'
import { flush, renameDurably, writeDurably } from '../../platform/durable_file.ts'
import { errnoOf } from '../../platform/file_error.ts'
import { clearCrumbs, markCrumbs, readBootId, readCrumbFiles } from './breadcrumb_file.ts'
import { crashOfCrumbs } from './crash_of_crumbs.ts'
import type { KdumpConf } from '../config/kdump_conf_model.ts'
import { hashFile, type ManifestInput } from '../load/image_manifest.ts'
import { LAST_CRASH_FILE, type LastCrash } from './last_crash.ts'
import { recoverRaw } from './recover_raw.ts'

/** Something to tell, in kdumpctl's way. */
export interface CollectMessage {
  readonly text: string
  readonly isWarning: boolean
}

/**
 * Collect what the last crash left. Never throws: the machine must be armed again whatever became of it.
 *
 * @param root where var/, boot/ and proc/ are found; raw targets are looked at on the running machine only
 */
export function collectLastCrash(conf: KdumpConf, root = '/'): CollectMessage[] {
  const messages: CollectMessage[] = []
  const tell = (text: string, isWarning = false): void => void messages.push({ text, isWarning })
  const bootId = readBootId(root)
  for (const { file: name, content } of readCrumbFiles(conf.path, root)) {
    const file = path.join(root, name)
    attempt(tell, () => {
      const crash = crashOfCrumbs(content, bootId)
      if (crash) {
        takeCrash(crash, content, { dumpPath: conf.path, root, tell })
        clearCrumbs(file, content.nonce)
      } else if (content.header.state === 'armed' && content.header.bootId !== bootId) {
        markCrumbs(file, 'disarmed')
      }
    })
  }
  for (const target of root === '/' ? conf.targets : []) {
    if (target.kind === 'raw') attempt(tell, () => recoverRaw(target, conf.path, tell))
  }
  return messages
}

type Tell = (text: string, isWarning?: boolean) => void

interface CollectContext {
  readonly dumpPath: string
  readonly root: string
  readonly tell: Tell
}

function takeCrash(
  crash: LastCrash,
  { log }: CrumbFile,
  { dumpPath, root, tell }: CollectContext,
): void {
  const isWanted = log && crash.outcome !== 'saved'
  const told = isWanted ? saveLog(crash, log, dumpPath, root) : crash
  writeText(path.join(root, LAST_CRASH_FILE), `${JSON.stringify(told, null, 2)}\n`)
  if (told.outcome === 'saved') return
  const what = { partial: 'saved in part', log: 'not saved, but its log was', lost: 'not saved' }
  tell(`The last crash was ${what[told.outcome]}: ${told.failedStep}: ${told.why}`, true)
  if (told.advice !== '') tell(`  ${told.advice}`)
  if (told.directory.startsWith(dumpPath)) tell(`  ${told.directory}`)
}

/** The log goes where the dump would have gone on this machine. Again, after a crash in between, it goes to the same place. */
function saveLog(
  crash: LastCrash,
  log: NonNullable<CrumbFile['log']>,
  dumpPath: string,
  root: string,
): LastCrash {
  const own = path.basename(crash.directory)
  const isThere = own !== '' && existsSync(path.join(root, dumpPath, own))
  const name = isThere ? own : `127.0.0.1-${formatStamp(new Date(crash.at))}`
  const directory = path.join(root, dumpPath, name)
  mkdirSync(directory, { recursive: true, mode: 0o755 })
  const cut = log.cutBytes > 0 ? `(${log.cutBytes} bytes before this are lost)\n` : ''
  const file = path.join(directory, 'vmcore-dmesg.txt')
  if (!existsSync(file)) {
    writeDurably(`${file}.tmp`, [cut, log.text])
    renameDurably(`${file}.tmp`, file)
  }
  const manifest = path.join(directory, 'kbox.json')
  if (!existsSync(manifest)) writeText(manifest, formatManifest(manifestOf(crash, hashFile(file))))
  flush(directory)
  return {
    ...crash,
    directory: path.join(dumpPath, name),
    outcome: crash.outcome === 'lost' ? 'log' : crash.outcome,
  }
}

function manifestOf(crash: LastCrash, { sizeBytes, sha256 }: ManifestInput): CaptureManifest {
  return {
    version: 2,
    target: crash.target,
    release: crash.release,
    capturedAt: crash.at,
    complete: false,
    steps: crash.steps.map(({ name, ms, ok, error }) => ({
      ...{ name, startMs: 0, ms: ms ?? 0, ok, error, memAvailableMinBytes: 0 },
    })),
    memAvailableMinBytes: 0,
    files: { 'vmcore-dmesg.txt': { sizeBytes, sha256 } },
    dump: {},
  }
}

function writeText(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  writeDurably(`${file}.tmp`, [text])
  renameDurably(`${file}.tmp`, file)
}

function attempt(tell: Tell, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof Error) || (!(error instanceof KdumpError) && errnoOf(error) === ''))
      throw error
    tell(`what the last crash left cannot be collected: ${error.message}`, true)
  }
}
