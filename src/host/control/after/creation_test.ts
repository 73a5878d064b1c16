// The state of `kbox test`: begun, and afterwards whether the dump was there. kdumpctl's file, kdumpctl's words.
// Source: kdump-utils kdumpctl set_vmcore_creation_status(), check_vmcore_creation_status().
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { findTestId, formatTestId, testTimeMs } from '../../capture/test_id.ts'
import { renameDurably, writeDurably } from '../../platform/durable_file.ts'
import { readFact } from '../../platform/fact_tree.ts'
import { findTestDump, type TestDump } from './find_test_dump.ts'
import type { KdumpConf } from '../config/kdump_conf_model.ts'

/** How a test went: `manual` where nobody here can tell. */
export type CreationStatus = 'pending' | 'success' | 'fail' | 'manual'

/** The last test. */
export interface CreationTest {
  readonly status: CreationStatus
  readonly testId: string
}

const STATUS_FILE = 'var/lib/kdump/vmcore-creation.status'
const STATUSES: readonly CreationStatus[] = ['pending', 'success', 'fail', 'manual']

/** Read how the last test went; undefined if there was none, or none since the image was made. */
export function readCreationTest(root = '/'): CreationTest | undefined {
  const text = readFact(root, STATUS_FILE) ?? ''
  const status = STATUSES.find((candidate) => text.startsWith(`${candidate} `))
  const testId = findTestId(text)
  return status && testId !== undefined ? { status, testId } : undefined
}

/** Write how the last test went; it is on the disk when the call returns. @throws {Error} of the file system */
export function writeCreationTest({ status, testId }: CreationTest, root = '/'): void {
  const file = path.join(root, STATUS_FILE)
  mkdirSync(path.dirname(file), { recursive: true })
  writeDurably(`${file}.tmp`, [`${status} ${formatTestId(testId)}\n`])
  renameDurably(`${file}.tmp`, file)
}

/** Forget the last test: it was one of another image. */
export function clearCreationTest(root = '/'): void {
  rmSync(path.join(root, STATUS_FILE), { force: true })
}

/** Read how the last test went, and if that is not known yet, look for its dump and remember. */
export function settleCreationTest(conf: KdumpConf, root = '/'): CreationTest | undefined {
  const test = readCreationTest(root)
  if (test?.status !== 'pending') return test
  const settled: CreationTest = { ...test, status: RESULT[findTestDump(conf, test.testId, root)] }
  try {
    writeCreationTest(settled, root)
  } catch {
    // Whoever may only look is told all the same.
  }
  return settled
}

const RESULT: Readonly<Record<TestDump, CreationStatus>> = {
  complete: 'success',
  incomplete: 'fail',
  absent: 'fail',
  unknown: 'manual',
}

/** Say how the last test went, as kdumpctl does. */
export function formatCreationTest(test: CreationTest | undefined): {
  readonly text: string
  readonly isWarning: boolean
} {
  if (!test) return { text: 'No vmcore creation test performed!', isWarning: true }
  const date = formatDate(new Date(testTimeMs(test.testId)))
  switch (test.status) {
    case 'success':
      return { text: `Notice: Last successful vmcore creation test on ${date}`, isWarning: false }
    case 'fail':
      return { text: `Last NOT successful vmcore creation test on ${date}`, isWarning: true }
    case 'manual':
    case 'pending':
      return {
        text: `Require manual check for vmcore creation test of ${date}`,
        isWarning: true,
      }
  }
}

/** As date(1) prints it: `Thu Nov 26 06:10:53 UTC 2026`. */
function formatDate(date: Date): string {
  const [weekday, month, day, year, time] = date.toString().split(' ')
  const zone = new Intl.DateTimeFormat('en', { timeZoneName: 'short' })
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName')?.value
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${zone ?? ''} ${year}`
}
