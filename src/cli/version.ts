// The version of kbox, as `kbox --version` prints it.
export const VERSION = '0.1.0'
