// ptov: physical addresses and per-CPU offsets to addresses.
import { defineClaims, refusedAsCrash, sameAsCrash } from './claim.ts'

export const ptov = defineClaims([
  ...['56e000', '56e000 1000', 'b0c0:a', 'b0c0:0', 'b0c0:', 'b0c0:0-1'].map((operand) =>
    sameAsCrash(`ptov ${operand}`),
  ),
  ...['b0c0:5', 'zz'].map((operand) => refusedAsCrash(`ptov ${operand}`)),
])
