// What Node's exceptions of file operations say.

/** The errno name of a thrown system error, such as 'ENOSPC'; '' if it is another kind of error. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
}
