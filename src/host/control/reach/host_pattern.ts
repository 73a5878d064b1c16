// Host patterns of OpenSSH: `*`, `?`, and `!` before those that must not match. Source: ssh_config(5), PATTERNS.

/** Does a name match one of the patterns, and none of the negated? */
export function matchesPattern(patterns: readonly string[], name: string): boolean {
  let isMatched = false
  for (const pattern of patterns) {
    const isNegated = pattern.startsWith('!')
    if (!matchesOne(isNegated ? pattern.slice(1) : pattern, name)) continue
    if (isNegated) return false
    isMatched = true
  }
  return isMatched
}

/** Greedy with one step back: linear in practice, and never exponential, whatever the pattern. */
function matchesOne(pattern: string, name: string): boolean {
  let at = 0
  let star = -1
  let starAt = 0
  for (let p = 0; at < name.length || p < pattern.length;) {
    if (pattern[p] === '*') {
      star = p++
      starAt = at
    } else if (at < name.length && (pattern[p] === '?' || pattern[p] === name[at])) {
      p++
      at++
    } else if (star >= 0 && starAt < name.length) {
      p = star + 1
      at = ++starAt
    } else {
      return false
    }
  }
  return true
}
