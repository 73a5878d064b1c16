// kdumpctl's way of speaking: everything to standard error, `kdump: ` in front.

/** Print a message of kdumpctl's. */
export function sayKdump(message: string): void {
  process.stderr.write(`kdump: ${message}\n`)
}

/** Print a warning of kdumpctl's. */
export function warnKdump(message: string): void {
  sayKdump(`WARNING: ${message}`)
}
