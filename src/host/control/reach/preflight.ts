// Proves, while the machine still runs, that a target behind a network takes dumps: by the capture kernel's own code,
// with its addresses, keys and options, and a tiny real upload that is removed again.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HostError, KdumpError } from '../../../core/base/errors.ts'
import { monotonicMs } from '../../platform/clock.ts'
import { mount, sync, unmount } from '../../platform/syscalls.ts'
import { findDisk } from '../../target/find_disk.ts'
import { findFilesystem } from '../../target/find_filesystem.ts'
import { formatPlace, isRemote, type CapturePlace } from '../../target/place.ts'
import type { OpenTarget, TargetHost } from '../../target/target.ts'
import { openPlace } from '../../target/targets.ts'
import { readMemTotal, type ResolvedTarget } from './resolve_target.ts'

/** What a preflight learnt. */
export interface PreflightFacts {
  /** Our address as the target sees it. */
  readonly clientAddress: string
  /** Free bytes, undefined where the target does not tell. */
  readonly availableBytes: number | undefined
}

const TIMEOUT_MS = 60_000
const PROBE = 'probe'
const PROBE_TEXT =
  'kbox was here to see whether a dump could be written; this file can be removed\n'

/**
 * Check all targets behind a network.
 *
 * @returns warnings
 * @throws {HostError} naming the target that takes nothing, the step and the reason
 */
export async function preflightTargets(targets: readonly ResolvedTarget[]): Promise<string[]> {
  const warnings: string[] = []
  const memTotal = readMemTotal()
  for (const target of targets) {
    // Local file systems were looked into when they were resolved.
    if (!isRemote(target.place)) continue
    const { availableBytes } = await preflight(target)
    if (availableBytes !== undefined && availableBytes < memTotal)
      warnings.push(
        `There might not be enough space to save a vmcore on ${formatPlace(target.place)}.`,
      )
  }
  return warnings
}

/**
 * Write, rename and remove a tiny file on a target.
 *
 * @throws {HostError} naming the target, the step and the reason
 */
export async function preflight(
  target: ResolvedTarget,
  timeoutMs = TIMEOUT_MS,
): Promise<PreflightFacts> {
  const mountpoint = mkdtempSync(path.join(os.tmpdir(), 'kbox-preflight-'))
  const failed: string[] = []
  try {
    const host = runningHost(mountpoint, failed)
    const place = placeHere(target)
    const endMs = host.now() + timeoutMs
    const open = await openPlace(place, host, { openMs: endMs, endMs })
    try {
      await host.step('path', () => checkPath(place, open))
      await host.step('upload', () => upload(open))
      return { clientAddress: open.clientAddress, availableBytes: await open.freeBytes() }
    } finally {
      await open.close()
    }
  } catch (cause) {
    if (!(cause instanceof KdumpError)) throw cause
    throw new HostError(describeFailure(target.place, failed[0] ?? 'open', cause), '', { cause })
  } finally {
    try {
      rmdirSync(mountpoint)
    } catch {
      // A server that died meanwhile is still mounted on it.
    }
  }
}

/** As kdumpctl, which wants the folder made by whoever keeps the server: a mistyped one would be made here. */
function checkPath(place: CapturePlace, open: OpenTarget): void {
  if (place.kind !== 'nfs' || existsSync(open.name)) return
  const target = formatPlace(place).replace(/^nfs /, '')
  throw new HostError(
    `Dump path "${place.directory}" does not exist in dump target "${target}": make it on the server`,
    'ENOENT',
  )
}

async function upload(open: OpenTarget): Promise<void> {
  const directory = await open.makeDirectory(`kbox-preflight-${randomBytes(6).toString('hex')}`)
  try {
    await directory.writeFile(PROBE, [PROBE_TEXT])
    const size = await directory.sizeOf(PROBE)
    if (size !== PROBE_TEXT.length)
      throw new HostError(`${PROBE}: ${PROBE_TEXT.length} bytes were written, ${size} are there`)
  } finally {
    await directory.remove(PROBE)
    await directory.discard()
  }
}

/** kdumpctl's words, and the reason, which it leaves out. */
function describeFailure(place: CapturePlace, step: string, { message }: KdumpError): string {
  if (step === 'path') return message
  if (place.kind === 'nfs' && step !== 'upload') {
    const remedy = 'Please make sure the nfs server is accessible'
    return `Failed to mount ${formatPlace(place).replace(/^nfs /, '')} for kdump preflight check. ${remedy} (${step}: ${message})`
  }
  return `${formatPlace(place)}: kdump preflight check failed at step ${step}: ${message}`
}

/** A place names files of the image; here they are where they come from. */
function placeHere({ place, files }: ResolvedTarget): CapturePlace {
  const here = (file: string): string =>
    files.find(({ path: inImage }) => `/${inImage}` === file || inImage === file)?.source ?? file
  switch (place.kind) {
    case 'ssh':
      return { ...place, keyFile: here(place.keyFile) }
    case 'http':
      return { ...place, tokenFile: here(place.tokenFile), caFile: here(place.caFile) }
    default:
      return place
  }
}

/** The running machine. @param failed gets the names of steps that fail */
function runningHost(mountpoint: string, failed: string[]): TargetHost {
  return {
    mountpoint,
    now: monotonicMs,
    sleep: (milliseconds) => sleep(milliseconds),
    say: () => {},
    heartbeat: () => {},
    step: async (name, work) => {
      try {
        return await work()
      } catch (error) {
        failed.push(name)
        throw error
      }
    },
    findDevice({ uuid, node }) {
      if (uuid !== '') return findFilesystem({ by: 'uuid', uuid })?.node
      return findFilesystem({ by: 'node', node })?.node
    },
    findDisk: (place) => findDisk(place)?.node,
    mount: (source, fstype, options) => mount(source, mountpoint, fstype, 0, options),
    unmount: () => unmount(mountpoint),
    sync,
  }
}
