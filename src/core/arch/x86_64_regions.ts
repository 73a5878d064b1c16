// What the virtual addresses of x86-64 are for, by their place alone. Source: Documentation/arch/x86/x86_64/mm.rst.
import type { AddressRegion, RegionBases } from './arch.ts'

const TiB = 2n ** 40n
const START_KERNEL_MAP = 0xffff_ffff_8000_0000n

/** Regions; where two overlap the first one counts. What lies in none of them is unused. */
export function x86Regions(bases: RegionBases): AddressRegion[] {
  const five = bases.levels === 5
  const userEnd = five ? 1n << 56n : 1n << 47n
  const pages = BigInt(Math.ceil(bases.physicalEnd / 4096))
  const image = START_KERNEL_MAP + BigInt(bases.imageSize)
  const regions: AddressRegion[] = [
    { name: 'user space', start: 0n, end: userEnd },
    {
      name: 'LDT remap of page table isolation',
      start: five ? 0xff10_0000_0000_0000n : 0xffff_8800_0000_0000n,
      end: five ? 0xff10_8000_0000_0000n : 0xffff_8880_0000_0000n,
    },
    ...(bases.directMap === undefined
      ? []
      : [
          {
            name: 'direct map',
            start: bases.directMap,
            end: bases.directMap + BigInt(bases.physicalEnd),
          },
        ]),
    ...(bases.vmalloc === undefined
      ? []
      : [
          {
            name: 'vmalloc',
            start: bases.vmalloc,
            end: bases.vmalloc + (five ? 12_800n * TiB : 32n * TiB),
          },
        ]),
    ...(bases.vmemmap === undefined
      ? []
      : [
          {
            name: 'page descriptors (vmemmap)',
            start: bases.vmemmap,
            end: bases.vmemmap + pages * 64n,
          },
        ]),
    { name: 'cpu_entry_area', start: 0xffff_fe00_0000_0000n, end: 0xffff_fe80_0000_0000n },
    { name: 'espfix stacks', start: 0xffff_ff00_0000_0000n, end: 0xffff_ff80_0000_0000n },
    { name: 'EFI runtime services', start: 0xffff_ffef_0000_0000n, end: 0xffff_ffff_0000_0000n },
    { name: 'kernel image', start: START_KERNEL_MAP, end: image },
    { name: 'modules', start: image, end: 0xffff_ffff_ff00_0000n },
    { name: 'fixmap', start: 0xffff_ffff_ff00_0000n, end: 0xffff_ffff_ff60_0000n },
    { name: 'vsyscall page', start: 0xffff_ffff_ff60_0000n, end: 0xffff_ffff_ff60_1000n },
    {
      name: 'guard hole',
      start: five ? 0xff00_0000_0000_0000n : 0xffff_8000_0000_0000n,
      end: five ? 0xff10_0000_0000_0000n : 0xffff_8800_0000_0000n,
    },
    // Between the halves the upper bits are no copies of the highest that counts.
    {
      name: 'non-canonical',
      start: userEnd,
      end: five ? 0xff00_0000_0000_0000n : 0xffff_8000_0000_0000n,
    },
  ]
  return regions
}
