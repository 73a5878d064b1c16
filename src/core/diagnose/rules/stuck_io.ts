// Block I/O that does not end: requests that a driver has had for long, and who waits for them.
// Source: block/blk-mq.c, block/blk-timeout.c.
import { attempt } from '../../base/errors.ts'
import { formatAddress } from '../../base/hex.ts'
import { forEachDisk, type Gendisk } from '../../kernel/block.ts'
import { DiskIo, type PendingRequest } from '../../kernel/disk_io.ts'
import { requestOperation, requestSector } from '../../kernel/request.ts'
import { monotonicNsec } from '../../kernel/timekeeping.ts'
import type { WaitGroup } from '../../kernel/wait_graph.ts'
import { moduleTaints } from '../blame.ts'
import type { Culprit, Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { explainedByWaits, longestWait, waitRole } from '../wait_role.ts'
import { ownerEvidence, secondsText, waitedText, waitEvidence } from '../wait_text.ts'

/** The usual timeout of a request: who takes longer has been given up by others, or has none. */
const SECONDS_MIN = 30
const SHOWN = 6
const NSEC_PER_SEC = 1e9

export const stuckIo: Rule = {
  name: 'stuck_io',
  summary: 'block I/O that did not end',
  needs: ['symbols', 'types'],
  *find(scene) {
    const disks = new DiskIo(scene.program)
    const now = attempt(() => monotonicNsec(scene.program))
    for (const [disk, requests] of disks.requests) {
      const groups = scene.waits.groups.filter(({ root }) => root?.on.device === disk)
      yield* diskFindings(scene, { disk, requests, groups, now })
    }
    for (const group of scene.waits.groups) {
      const { root } = group
      if (root?.on.kind === 'block-io' && root.on.device === '')
        yield* diskFindings(scene, { disk: '', requests: [], groups: [group], now })
    }
  },
}

interface DiskWaits {
  readonly disk: string
  readonly requests: readonly PendingRequest[]
  readonly groups: readonly WaitGroup[]
  readonly now: bigint | undefined
}

function* diskFindings(
  scene: Scene,
  { disk, requests, groups, now }: DiskWaits,
): Generator<Finding> {
  const ages = requests.flatMap(({ sinceNsec }) =>
    sinceNsec === undefined || now === undefined ? [] : Number(now - sinceNsec) / NSEC_PER_SEC,
  )
  const waits = groups.flatMap((group) => group.waits)
  const role = groups.some((group) => waitRole(scene, group, false) === 'cause') ? 'cause' : 'state'
  const longest = Math.max(0, ...ages, ...groups.map((group) => longestWait(group)))
  if (role === 'state' && longest < SECONDS_MIN) return
  const name = disk === '' ? 'a disk that is not known' : `disk ${disk}`
  const tasks = waits.length === 1 ? '1 task waits' : `${waits.length} tasks wait`
  const locks = new Set(
    waits.filter(({ on }) => on.owners.length > 0).map(({ on }) => waitedText(on)),
  )
  const behind = locks.size === 0 ? '' : `, some of them for ${[...locks].slice(0, 3).join(', ')}`
  const oldest = ages.length === 0 ? '' : `, the oldest${secondsText(Math.max(...ages))}`
  const pending =
    requests.length === 0
      ? 'no request of it is in flight'
      : `${requests.length} request${requests.length === 1 ? '' : 's'} in flight${oldest}`
  yield {
    kind: 'stuck-io',
    role,
    title: `I/O of ${name} does not end: ${pending}; ${tasks}${secondsText(longest)}${behind}`,
    confidence: role === 'cause' && requests.length > 0 ? 'likely' : 'possible',
    evidence: [
      ...requests.slice(0, SHOWN).map((each) => requestEvidence(each, now)),
      ...waits
        .slice(0, SHOWN)
        .flatMap((wait) => [
          waitEvidence(scene, wait),
          ...(wait.on.owners.length > 0 ? ownerEvidence(wait.on) : []),
        ]),
    ],
    refutedBy: ['a disk that is only slow: look for requests that it did end meanwhile'],
    culprit: disk === '' ? null : driverCulprit(scene, disk),
    next: [
      { text: 'see what disks have not ended', command: 'dev -d' },
      { text: 'see everyone who waits', command: 'blocked' },
      { text: 'look for errors of the disk', command: 'log' },
    ],
    explains: explainedByWaits,
    tasks: waits.slice(0, 1).map(({ task }) => task.address),
  }
}

function requestEvidence(
  { request, sinceNsec }: PendingRequest,
  now: bigint | undefined,
): Evidence {
  const operation = attempt(() => requestOperation(request)) ?? 'a request'
  const sector = attempt(() => requestSector(request))
  const at = sector === undefined ? '' : ` at sector ${sector}`
  const age =
    sinceNsec === undefined || now === undefined ? null : Number(now - sinceNsec) / NSEC_PER_SEC
  return {
    text: `${operation}${at} has been with the driver${secondsText(age)}`,
    address: request.address,
    command: `struct request ${formatAddress(request.address)}`,
  }
}

/** Who was given the requests: the driver, and the hardware behind it. */
function driverCulprit({ program }: Scene, name: string): Culprit | null {
  const disk = attempt(() => findDisk(program, name))
  if (!disk) return null
  const operations = attempt(() => disk.get('queue').deref().pointer('mq_ops.queue_rq'))
  const bare = attempt(() => disk.pointer('fops.submit_bio'))
  const symbol = program.symbolAt(operations ?? bare ?? 0n)
  const module = symbol?.module ?? ''
  return {
    function: symbol?.name ?? null,
    module,
    taints: moduleTaints(program, module),
    source: '',
    unit: `disk ${name}`,
  }
}

function findDisk(program: Scene['program'], name: string): Gendisk | undefined {
  for (const disk of forEachDisk(program)) if (disk.string('disk_name') === name) return disk
  return undefined
}
