// Constructors of buffers that refuse what is too large: whoever allocates by a number it has not checked is found out.

type AnyConstructor = new (...values: never[]) => object

/** Bytes of an element by constructor. */
const ELEMENT_SIZES: Readonly<Record<string, number>> = {
  ArrayBuffer: 1,
  Uint8Array: 1,
  Uint16Array: 2,
  Uint32Array: 4,
  Int32Array: 4,
  Float64Array: 8,
  BigUint64Array: 8,
}

/** Call with constructors of buffers that refuse more than `max` bytes at once, or `totalMax` in all. */
export async function limitAllocations(
  max: number,
  totalMax: number,
  call: () => void | Promise<void>,
): Promise<void> {
  allowed.max = max
  allowed.left = totalMax
  Object.assign(globalThis, LIMITED)
  try {
    // What is no promise is not awaited: a turn of the event loop costs more than most cases.
    const result = call()
    if (result) await result
  } finally {
    Object.assign(globalThis, ORIGINALS)
  }
}

const allowed = { max: 0, left: 0 }

const ORIGINALS: Readonly<Record<string, AnyConstructor>> = Object.fromEntries(
  Object.keys(ELEMENT_SIZES).map((name) => [name, Reflect.get(globalThis, name)]),
)

const LIMITED: Readonly<Record<string, AnyConstructor>> = Object.fromEntries(
  Object.entries(ORIGINALS).map(([name, original]) => [name, limited(name, original)]),
)

function limited(name: string, original: AnyConstructor): AnyConstructor {
  const elementSize = ELEMENT_SIZES[name] ?? 1
  const proxy: AnyConstructor = new Proxy(original, {
    construct(target, values: never[], newTarget): object {
      const [count] = values
      if (typeof count === 'number') spend(count * elementSize)
      return Reflect.construct(target, values, newTarget === proxy ? target : newTarget)
    },
  })
  return proxy
}

function spend(size: number): void {
  if (size > allowed.max) throw new Error(`allocates ${size} bytes`)
  allowed.left -= size
  if (allowed.left < 0) throw new Error(`allocates too much in all, ${size} bytes at last`)
}
