// mount: file systems. crash 9.0.2 shows the first mount's line for any operand; -f and -i it refuses on kernels of today.
import assert from 'node:assert/strict'
import { mountPath } from '../../../src/core/kernel/dcache.ts'
import { forEachMount, mountNamespace, type Mount } from '../../../src/core/kernel/mount.ts'
import type { Program } from '../../../src/core/program/program.ts'
import type { GuestTruth } from '../../support/guest_truth.ts'
import {
  defineClaims,
  drgnClaim,
  guestClaim,
  refusedAsCrash,
  sameAsCrash,
  type Claim,
  type JsonRow,
} from './claim.ts'
import { openFile, pidOf } from './user_truth.ts'

interface TrueMount {
  readonly root: string
  readonly path: string
  readonly type: string
  readonly device: string
}

/** /proc/PID/mountinfo of the process that wrote it down: the root of the mount tree is not in it. */
const mountinfo = (truth: GuestTruth): TrueMount[] => parseMountinfo(truth.read('mountinfo'))

function parseMountinfo(text: string): TrueMount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [before, after] = line.split(' - ') as [string, string]
      const [, , , root, path] = before.split(' ')
      const [type, device] = after.split(' ')
      const plain = (text = ''): string => text.replaceAll('\\040', ' ')
      return { root: plain(root), path: plain(path), type: type ?? '', device: device ?? '' }
    })
}

/** What the root of the mount tree lies under is in nobody's mountinfo. */
const isListed = ({ type }: JsonRow): boolean => type !== 'rootfs' && type !== 'nullfs'

const shown = (rows: readonly JsonRow[]): unknown[] =>
  rows.map(({ type, devname, dirname }) => [type, devname, dirname])

const expected = (mounts: readonly TrueMount[]): unknown[] =>
  mounts.map(({ type, device, path }) => [type, device, path])

/** An operand chooses the mounts of which the guest says so. */
const chooses = (
  line: string | ((program: Program) => string),
  isChosen: (mount: TrueMount) => boolean,
  shows?: string,
): Claim =>
  guestClaim(
    line,
    ({ rows }, truth) => {
      const mounts = mountinfo(truth).filter(isChosen)
      assert.ok(mounts.length > 0)
      assert.deepEqual(shown(rows.filter(isListed)), expected(mounts))
    },
    shows === undefined ? {} : { shows },
  )

function mountAt(program: Program, path: string): Mount {
  const namespace = mountNamespace(program)
  for (const mount of namespace ? forEachMount(namespace) : [])
    if (mountPath(mount) === path) return mount
  throw new Error(`nothing is mounted on ${path}`)
}

const onDisk = ({ device }: TrueMount): boolean => device === '/dev/vda'

export const mount = defineClaims([
  sameAsCrash('mount'),
  sameAsCrash('mount -n 1'),
  sameAsCrash((program) => `mount -n ${pidOf(program, 'unshare')}`, {}, { shows: 'mount -n PID' }),
  refusedAsCrash('mount -n zz'),
  guestClaim('mount', ({ rows }, truth) => {
    assert.deepEqual(shown(rows.filter(isListed)), expected(mountinfo(truth)))
  }),
  guestClaim(
    (program) => `mount -n ${pidOf(program, 'unshare')}`,
    ({ rows, program }, truth) => {
      const text = truth.ofProcess(pidOf(program, 'unshare'), 'mountinfo')
      assert.ok(text !== '', 'the guest has no mountinfo of it')
      assert.deepEqual(shown(rows.filter(isListed)), expected(parseMountinfo(text)))
    },
    { shows: 'mount -n PID' },
  ),
  chooses('mount /dev/vda', onDisk),
  chooses('mount /proc', ({ path }) => path === '/proc'),
  chooses('mount "/srv/work/two words"', ({ device }) => device === 'small'),
  chooses(
    (program) => `mount ${mountAt(program, '/proc').address.toString(16)}`,
    ({ path }) => path === '/proc',
    'mount MOUNT',
  ),
  chooses(
    (program) => `mount ${mountAt(program, '/proc').get('mnt').address.toString(16)}`,
    ({ path }) => path === '/proc',
    'mount VFSMOUNT',
  ),
  chooses(
    (program) => `mount ${mountAt(program, '/srv/work/bound').pointer('mnt.mnt_sb').toString(16)}`,
    onDisk,
    'mount SUPERBLOCK',
  ),
  chooses(
    (program) => `mount ${openFile(program, 'init', /console/).inode.toString(16)}`,
    ({ path }) => path === '/dev',
    'mount INODE',
  ),
  chooses(
    (program) => `mount ${openFile(program, 'init', /console/).dentry.toString(16)}`,
    ({ path }) => path === '/dev',
    'mount DENTRY',
  ),
  guestClaim('mount -f /dev', ({ rows }) => {
    const paths = rows.filter(({ path }) => path !== undefined).map(({ path }) => path)
    assert.ok(paths.includes('/dev/console') && paths.includes('/dev/null'), paths.join())
  }),
  drgnClaim(
    'mount -i sysfs',
    `
from drgn.helpers.linux.list import list_for_each_entry
result = []
for sb in list_for_each_entry("struct super_block", prog["super_blocks"].address_of_(), "s_list"):
    if sb.s_type.name.string_() != b"sysfs":
        continue
    for inode in list_for_each_entry("struct inode", sb.s_inodes.address_of_(), "i_sb_list"):
        if inode.i_io_list.next.value_() not in (0, inode.i_io_list.address_of_().value_()):
            result.append(hex(inode.value_()))
`,
    // What waits in a writeback list is dirty: the kernel's own account of it, without the bits of i_state.
    ({ rows }, theirs: string[]) => {
      const inodes = rows.map((row) => row.dirty_inode).filter((inode) => inode !== undefined)
      assert.ok(theirs.length > 0)
      assert.deepEqual(inodes, theirs)
    },
  ),
])
