// A list of CPUs as TypeScript, for what commands print with --code.

/** A list of CPUs, `1,3-5`, as an array; those that are online without one. */
export function cpusCode(list: string | undefined): string {
  if (list === undefined || /^a(ll)?$/.test(list)) return "forEachCpu(program, 'online')"
  const ranges = list.split(',').map((range) => range.split('-').map(Number))
  const among = ranges.map(([first = 0, last = first]) =>
    first === last ? `cpu === ${first}` : `(cpu >= ${first} && cpu <= ${last})`,
  )
  return `forEachCpu(program, 'online').filter((cpu) => ${among.join(' || ')})`
}
