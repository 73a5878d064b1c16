// A least-recently-used map, bounded by entry count.

/** Keep the `limit` most recently used values; the oldest is dropped first. */
export class LruMap<K, V> {
  readonly #limit: number
  readonly #map = new Map<K, V>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#map.size
  }

  get(key: K): V | undefined {
    const value = this.#map.get(key)
    if (value === undefined) return undefined
    this.#map.delete(key)
    this.#map.set(key, value)
    return value
  }

  /** Insert; returns the value that was dropped to make room, so that its memory can be reused. */
  set(key: K, value: V): V | undefined {
    let dropped: V | undefined
    // Without this a key set again would keep its old place, and be dropped as if unused.
    if (!this.#map.delete(key) && this.#map.size >= this.#limit) {
      const oldest = this.#map.entries().next()
      if (!oldest.done) {
        dropped = oldest.value[1]
        this.#map.delete(oldest.value[0])
      }
    }
    this.#map.set(key, value)
    return dropped
  }

  clear(): void {
    this.#map.clear()
  }
}
