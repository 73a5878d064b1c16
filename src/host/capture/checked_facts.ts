// Facts that two sources know: the types of the crashed kernel first, VMCOREINFO second. Where both know and differ,
// that is a dispute: the classes of pages that the fact decides must not be left out of a dump.
import type { TypeFacts } from '../../core/debuginfo/type_facts.ts'
import type { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'

/** One fact that is not to be trusted. */
export interface Dispute {
  /** For people: 'NUMBER(PG_lru): types say 5, VMCOREINFO says 4'. */
  readonly what: string
  /** EXCLUDE_ bits of the classes it decides. */
  readonly classes: number
}

/** Asks both sources. Every question names the classes that the answer decides. */
export class CheckedFacts {
  readonly disputes: Dispute[] = []
  readonly info: VmcoreInfo
  readonly types: TypeFacts | undefined

  constructor(info: VmcoreInfo, types: TypeFacts | undefined) {
    this.info = info
    this.types = types
  }

  /** `sizeof(struct name)` in bytes. */
  size(name: string, classes: number): number | undefined {
    return this.decide(`SIZE(${name})`, this.types?.size(name), this.info.size(name), classes)
  }

  /** Offset of a member in bytes; of several names the first that exists, newest first. */
  offset(paths: readonly string[], classes: number): number | undefined {
    return this.decide(
      `OFFSET(${paths.join(' or ')})`,
      firstOf(paths, (path) => this.types?.offset(path)),
      firstOf(paths, (path) => this.info.offset(path)),
      classes,
    )
  }

  /** Elements of an array. */
  length(path: string, classes: number): number | undefined {
    return this.decide(`LENGTH(${path})`, this.types?.length(path), this.info.length(path), classes)
  }

  /**
   * Number of a page flag. The enum is complete: a flag it lacks does not exist.
   *
   * @source include/linux/page-flags.h enum pageflags
   */
  flag(name: string, classes: number): number | undefined {
    const byTypes = this.types?.value('pageflags', name)
    const byInfo = this.info.number(name)
    const isMissing = byTypes === undefined && this.types?.hasEnum('pageflags')
    if (!isMissing || byInfo === undefined)
      return this.decide(`NUMBER(${name})`, byTypes, byInfo, classes)
    this.dispute(`NUMBER(${name}): types say there is none, VMCOREINFO says ${byInfo}`, classes)
    return undefined
  }

  /** The types' answer if there is one, else VMCOREINFO's. */
  decide(
    fact: string,
    byTypes: number | undefined,
    byInfo: number | undefined,
    classes: number,
  ): number | undefined {
    if (byTypes !== undefined && byInfo !== undefined && byTypes !== byInfo)
      this.dispute(`${fact}: types say ${byTypes}, VMCOREINFO says ${byInfo}`, classes)
    return byTypes ?? byInfo
  }

  /** Note that `classes` depend on what is not to be trusted. */
  dispute(what: string, classes: number): void {
    this.disputes.push({ what, classes })
  }
}

function firstOf(
  paths: readonly string[],
  ask: (path: string) => number | undefined,
): number | undefined {
  for (const path of paths) {
    const answer = ask(path)
    if (answer !== undefined) return answer
  }
  return undefined
}
