// What Node's exceptions of file operations say.

/** The errno name of a thrown system error, such as 'ENOSPC'; '' if it is another kind of error. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
}

/** Is it Node's own error of a file operation? Its message names call and file: `ENOENT: no such file or directory, open '…'`. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}
