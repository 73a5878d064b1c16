// `kmem --code`: the same answers with the helpers.
import type { KmemArgs } from '../commands/kmem.ts'
import { codeAddress } from '../operand.ts'

/** Helper code for a line of kmem; `verb` is the option that says what to show. */
export function kmemCode({ operands, values }: KmemArgs, verb: string | undefined): string {
  const [operand] = operands
  if (verb === undefined) return placeCode(operand ?? '0')
  if (verb === 'slabs' || verb === 'slabObjects') return slabCode(operand, verb === 'slabObjects')
  if (verb === 'members') return membersCode((values.members ?? '').split(','))
  return CODES[verb] ?? `// kernels since v5.10 have nothing that kmem's ${verb} could show`
}

const CODES: Readonly<Record<string, string>> = {
  info: `console.log({
  total: totalramPages(program), free: freePages(program), buffers: bufferPages(program),
  cached: cachedPages(program), slab: slabPages(program), huge: hugetlbTotalPages(program),
  swap: totalSwapPages(program), swapFree: freeSwapPages(program),
  commitLimit: vmCommitLimit(program), committed: vmMemoryCommitted(program),
})`,
  free: `for (const node of forEachNode(program))
  for (const zone of nodeZones(node))
    for (const list of forEachFreeList(zone))
      console.log(zone.string('name'), list.order, list.migrateType, [...forEachFreeBlock(list)].length)`,
  freePages: `for (const node of forEachNode(program))
  for (const zone of nodeZones(node))
    for (const list of forEachFreeList(zone))
      for (const page of forEachFreeBlock(list)) console.log(zone.string('name'), list.order, pageToPfn(page))`,
  vmalloc: `for (const area of forEachVmapArea(program))
  console.log(area.bigint('va_start').toString(16), area.bigint('va_end').toString(16))`,
  counters:
    'console.log(vmZoneStat(program), vmNodeStat(program), vmNumaEvents(program), vmEvents(program))',
  nodes: `for (const node of forEachNode(program)) console.log(node.number('node_id'), node.number('node_spanned_pages'))
for (const { nr, pfnStart } of forEachPresentSection(program)) console.log(nr, pfnStart)
for (const block of forEachMemoryBlock(program)) console.log(memoryBlockName(block), memoryBlockState(block))`,
  zones: `for (const node of forEachNode(program))
  for (const zone of nodeZones(node)) console.log(zone.string('name'), zoneWatermarks(zone), zoneStat(zone))`,
  offsets:
    "for (const cpu of forEachCpu(program, 'possible')) console.log(cpu, perCpuOffset(program, cpu).toString(16))",
  huge: `for (const hstate of forEachHstate(program))
  console.log(hstate.string('name'), hstate.number('nr_huge_pages'), hstate.number('free_huge_pages'))`,
  pages: `for (const page of forEachPage(program))
  console.log(pageToPfn(page), pageFlagNames(program, pageFlags(page)), pageType(page))`,
  flags: 'console.log(pageFlagList(program))',
}

function slabCode(name: string | undefined, objects: boolean): string {
  if (name === undefined || name === 'list')
    return 'for (const cache of forEachSlabCache(program)) console.log(slabCacheName(cache), slabCacheUsage(cache))'
  const find = `const cache = findSlabCache(program, ${JSON.stringify(name)})`
  return objects
    ? `${find}\nif (cache) for (const object of slabCacheForEachAllocatedObject(cache)) console.log(object.toString(16))`
    : `${find}\nif (cache) console.log(slabCacheUsage(cache))`
}

function membersCode(members: readonly string[]): string {
  const values = members.map((member) => `page.get(${JSON.stringify(member)}).pointer()`)
  return `for (const page of forEachPage(program)) console.log(page.address.toString(16), ${values.join(', ')})`
}

function placeCode(operand: string): string {
  return `const address = ${codeAddress(operand)}
console.log(program.symbolize(address))
console.log(slabObjectInfo(program, address))
console.log(taskAt(program, address)?.task.string('comm'))
console.log(findVmapArea(program, address))
// What is no address of the kernel's is one of physical memory.
const isKernel = program.arch.isKernelAddress(address)
const page = isKernel ? virtToPage(program, address) : pfnToPage(program, Math.floor(Number(address) / program.memory.pageSize))
console.log(findFreeBlock(page))`
}
