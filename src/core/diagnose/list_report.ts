// What CONFIG_DEBUG_LIST says of a list that is not whole. Source: lib/list_debug.c. The words are the same since v4.10;
// "(prev=…)" behind a deletion since v6.2, "is NULL" since v5.1.

/** A list found broken. */
export interface ListReport {
  readonly operation: 'list_add' | 'list_del'
  /**
   * 'deleted': the entry has the poison of entries that were; 'null': a pointer is NULL; 'mismatch': a neighbour does not
   * point back; 'double add': what is added is its own neighbour.
   */
  readonly what: 'deleted' | 'null' | 'mismatch' | 'double add'
  /** The entry that is added or deleted. */
  readonly entry: bigint | undefined
  /** The pointer that was wrong, `next->prev`, and what it was and should have been. */
  readonly pointer: string
  readonly found: bigint | undefined
  readonly expected: bigint | undefined
  /** Whose pointer it is. */
  readonly owner: bigint | undefined
}

const HEX = String.raw`(?:0x)?([\da-f]{8,16})`
const MISMATCH = new RegExp(
  String.raw`^list_(add|del) corruption\. (prev->next|next->prev) should be (?:prev |next )?\(?${HEX}\)?, but was ${HEX}\.?(?: \((?:prev|next)=${HEX}\))?`,
)
const DELETED = new RegExp(
  String.raw`^list_del corruption, ${HEX}->(next|prev) is (LIST_POISON[12]|NULL)(?: \(${HEX}\))?`,
)
const DOUBLE = new RegExp(String.raw`^list_add double add: new=${HEX}, prev=${HEX}, next=${HEX}`)

/** Read the line that begins such a report; undefined for wording that is not known. */
export function parseListReport(line: string): ListReport | undefined {
  return mismatch(line) ?? deleted(line) ?? doubleAdd(line) ?? nullNeighbour(line)
}

function mismatch(line: string): ListReport | undefined {
  const [, operation, pointer = '', expected, found, owner] = MISMATCH.exec(line) ?? []
  if (operation === undefined) return undefined
  const isAdd = operation === 'add'
  return {
    operation: isAdd ? 'list_add' : 'list_del',
    what: 'mismatch',
    // Of an addition the neighbours are named, not the entry.
    entry: isAdd ? undefined : address(expected),
    pointer,
    found: address(found),
    expected: address(expected),
    owner: address(owner),
  }
}

function deleted(line: string): ListReport | undefined {
  const [, entry, member = '', value, found] = DELETED.exec(line) ?? []
  if (entry === undefined) return undefined
  return {
    operation: 'list_del',
    what: value === 'NULL' ? 'null' : 'deleted',
    entry: address(entry),
    pointer: `entry->${member}`,
    found: value === 'NULL' ? 0n : address(found),
    expected: undefined,
    owner: address(entry),
  }
}

function doubleAdd(line: string): ListReport | undefined {
  const [, entry, prev, next] = DOUBLE.exec(line) ?? []
  if (entry === undefined) return undefined
  const pointer = address(prev) === address(entry) ? 'prev' : 'next'
  return {
    operation: 'list_add',
    what: 'double add',
    entry: address(entry),
    pointer,
    found: address(pointer === 'prev' ? prev : next),
    expected: undefined,
    owner: undefined,
  }
}

function nullNeighbour(line: string): ListReport | undefined {
  const [, pointer] = /^list_add corruption\. (prev|next) is NULL/.exec(line) ?? []
  if (pointer === undefined) return undefined
  return {
    operation: 'list_add',
    what: 'null',
    entry: undefined,
    pointer,
    found: 0n,
    expected: undefined,
    owner: undefined,
  }
}

const address = (hex: string | undefined): bigint | undefined =>
  hex === undefined ? undefined : BigInt(`0x${hex}`)
