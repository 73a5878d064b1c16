// Cycles in a graph, as rings. Source: depth-first search; an edge back to the path that led there closes a ring.

/**
 * Find rings: each node leads to the next, the last to the first. Of rings that share a node the first found is kept.
 *
 * @param successors where a node leads; nodes that are not among `nodes` are not followed
 */
export function findRings<T>(
  nodes: Iterable<T>,
  successors: (node: T) => readonly T[],
): readonly (readonly T[])[] {
  const rings: (readonly T[])[] = []
  const inRing = new Set<T>()
  const done = new Set<T>()
  for (const start of nodes) {
    if (done.has(start)) continue
    // An explicit stack: chains are as long as there are tasks.
    const path: T[] = [start]
    const places = new Map<T, number>([[start, 0]])
    const open: Iterator<T>[] = [successors(start)[Symbol.iterator]()]
    while (path.length > 0) {
      const next = open.at(-1)?.next()
      if (!next || next.done === true) {
        open.pop()
        const left = path.pop()
        if (left !== undefined) {
          places.delete(left)
          done.add(left)
        }
        continue
      }
      const place = places.get(next.value)
      if (place !== undefined) {
        const ring = path.slice(place)
        if (ring.some((node) => inRing.has(node))) continue
        rings.push(ring)
        for (const node of ring) inRing.add(node)
      } else if (!done.has(next.value)) {
        places.set(next.value, path.length)
        path.push(next.value)
        open.push(successors(next.value)[Symbol.iterator]())
      }
    }
  }
  return rings
}
