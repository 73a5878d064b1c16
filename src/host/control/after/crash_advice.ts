// What to do about a capture that failed, by the step that failed and its words.

/** Steps and words, the first that match. */
const ADVICE: readonly (readonly [step: RegExp, why: RegExp, advice: string])[] = [
  [
    /./,
    /killed by signal 9|code 137|out of memory|cannot allocate|ENOMEM/i,
    'the capture kernel ran out of memory, or a hook killed the recorder: raise crashkernel= and rehearse it (kbox rehearse)',
  ],
  [
    /^boot$/,
    /./,
    'raise crashkernel= (kbox estimate), then see with kbox rehearse how far the capture kernel gets; a serial console shows its last words',
  ],
  [/^runtime$/, /./, 'rebuild the capture image (kbox rebuild) and rehearse it (kbox rehearse)'],
  [
    /^device$/,
    /./,
    "see that the target's disk is there and kdump.conf names it, then kbox restart",
  ],
  [
    /./,
    /ENOSPC|no space/i,
    'make room on the target, raise the dump level (core_collector), or name a larger target',
  ],
  [
    /./,
    /EROFS|read-only/i,
    'the target is read-only: repair its file system (fsck), or name another target',
  ],
  [/^mount$/, /./, 'check the file system of the target (fsck), and rehearse it (kbox rehearse)'],
  [
    /^hook /,
    /did not end/,
    'make the hook faster, or give it more time (kbox start --hook-timeout)',
  ],
  [/^hook /, /./, 'run the hook by hand: what it says is in the console log of the capture kernel'],
  [
    /./,
    /no progress|no end/,
    'the target stood still: look at its disk or network, or raise --stall-timeout',
  ],
  [
    /^(network|link|connect|login|server)/,
    /./,
    'check the way to the server with kbox start, which tries it',
  ],
  [/./, /time is up/, 'the target was too slow: raise --overall-timeout or the dump level'],
]

/** Advise; '' where nothing better than the reason itself can be said. */
export function adviseOn(step: string, why: string): string {
  return ADVICE.find(([steps, words]) => steps.test(step) && words.test(why))?.[2] ?? ''
}
