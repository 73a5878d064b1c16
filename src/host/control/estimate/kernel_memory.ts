// How much memory the running kernel takes, out of /proc/iomem: for kernel files that do not say it themselves.

/** Add up code and data of the running kernel out of /proc/iomem; 0 where addresses are hidden. */
export function parseKernelSize(iomem: string): number {
  const parts = iomem.matchAll(/^ *([\da-f]+)-([\da-f]+) : Kernel (?:code|rodata|data|bss)$/gim)
  let sum = 0
  for (const [, start = '', end = ''] of parts) {
    const size = parseInt(end, 16) - parseInt(start, 16) + 1
    if (size > 1) sum += size
  }
  return sum
}
