// Never a moment without a loaded image: in one guest the machine is armed, armed again without a rebuild, given a damaged
// kernel file, and a kernel file that the kernel refuses to load. Then it crashes, into what was loaded last.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { kexecForGuest } from '../../scripts/fetch_kexec.ts'
import { rehearse } from '../../src/host/rehearse/rehearse.ts'
import type { RehearseResult } from '../../src/host/rehearse/rehearse_result.ts'
import { formatRehearseText } from '../../src/host/rehearse/rehearse_text.ts'
import { rehearseOptions } from '../support/rehearsals.ts'

/** A command that must end with a code, between marks that name its output. */
const step = (name: string, command: string, code = 0): string[] => [
  'sh',
  '-c',
  `K=/boot/vmlinuz-$(uname -r); echo "<${name}>"; ${command}; [ $? -eq ${code} ] && kbox status 2>&1 && echo "</${name}>"`,
]

const ARM: readonly (readonly string[])[] = [
  step('start', 'kbox start --verbose 2>&1'),
  step('restart', 'kbox restart 2>&1'),
  step(
    'damaged',
    'cp $K /root/good; dd if=/root/good of=$K bs=1M count=1 2>/dev/null; kbox restart 2>&1',
    1,
  ),
  step('reload', 'kbox reload 2>&1'),
  step(
    'unreachable',
    'echo "ext4 UUID=12345678-0000-0000-0000-000000000000" > /tmp/gone.conf; cp /root/good $K; kbox stop; kbox start --config /tmp/gone.conf 2>&1',
    1,
  ),
  // Debian's kernels have both calls; KEXEC_ARGS chooses the older one.
  step(
    'program',
    `mkdir -p /etc/sysconfig; echo 'KEXEC_ARGS="-c"' > /etc/sysconfig/kdump; kbox restart 2>&1`,
  ),
  // While a file is open for writing the kernel refuses to load it, and by then it has dropped the old image.
  step('refused', 'rm /etc/sysconfig/kdump; kbox restart 3>>$K 2>&1', 1),
]

describe('a machine that is armed again and again', () => {
  let result: RehearseResult
  let output = ''
  before(async () => {
    result = await rehearse({
      ...rehearseOptions('6.1'),
      arm: ARM,
      files: kexecForGuest(),
      onArmed: (said) => (output = said),
    })
  })

  const said = (name: string): string => {
    const [, text] = new RegExp(`^<${name}>\n([^]*?)^</${name}>`, 'm').exec(output) ?? []
    return text ?? assert.fail(`${name}: no such step\n${output.slice(-4000)}`)
  }

  test('start builds the image and tells why each word of the command line is there or gone', () => {
    assert.match(said('start'), /^kdump: No kdump initial ramdisk found\.\nkdump: Rebuilding /m)
    assert.match(said('start'), /^kdump: {3}removed crashkernel=192M because the capture kernel/m)
    assert.match(said('start'), /^kdump: {3}added nr_cpus=1 because each CPU takes memory/m)
  })

  test('restart loads in place, and builds nothing when nothing has changed', () => {
    assert.doesNotMatch(said('restart'), /Rebuilding|unloaded/)
    assert.match(said('restart'), /^kdump: Starting kdump: \[OK\]$/m)
    assert.match(said('restart'), /^kdump: Kdump is operational$/m)
  })

  test('a damaged kernel file is found before anything is touched', () => {
    assert.match(
      said('damaged'),
      /^kdump: \/boot\/vmlinuz-\S+ cannot be loaded: it is cut off: 1048576 of /m,
    )
    assert.match(said('damaged'), /^kdump: What was loaded before stays loaded\.$/m)
    assert.match(said('damaged'), /^kdump: Kdump is operational$/m)
  })

  test('reload takes the kept copy of a kernel whose file is damaged', () => {
    assert.match(said('reload'), /^kdump: The kept copy of what is loaded is loaded instead\.$/m)
    assert.match(said('reload'), /^kdump: Starting kdump: \[OK\]$/m)
  })

  test('a target that is gone leaves the machine armed with what was loaded last', () => {
    assert.match(said('unreachable'), /^kdump: no device has UUID=12345678-/m)
    assert.match(
      said('unreachable'),
      /^kdump: The image that was loaded before is loaded again\.$/m,
    )
    assert.match(
      said('unreachable'),
      /^kdump: Starting kdump: \[FAILED\]\nkdump: Kdump is operational$/m,
    )
  })

  test('where kexec_load is asked for, the kexec program loads', () => {
    assert.match(said('program'), /^kdump: loaded with kexec_load \(KEXEC_ARGS has -c\)$/m)
    assert.match(said('program'), /^kdump: Kdump is operational$/m)
  })

  test('what the kernel refuses after it has dropped the old image brings back the last good one', () => {
    assert.match(said('refused'), /^kdump: ETXTBSY: the kernel or initramfs file is being written/m)
    assert.match(said('refused'), /^kdump: The image that was loaded before is loaded again\.$/m)
    assert.match(said('refused'), /^kdump: Kdump is operational$/m)
  })

  test('the crash is captured by the image that was put back, which kexec_load has loaded', () => {
    assert.equal(result.ok, true, formatRehearseText(result))
    assert.equal(result.capture?.complete, true)
  })
})
