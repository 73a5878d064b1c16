// Mount options of NFS as the kernel takes them from mount(2): mount.nfs and its negotiation are not in the image.
// Source: fs/nfs/fs_context.c (nfs_fs_parameters), nfs(5).

/** Options split into what decides which version is tried, and what goes to the kernel as it is. */
export interface NfsOptions {
  /** Versions to try, best first. */
  readonly versions: readonly string[]
  /** The server's port. */
  readonly port: number
  /** Comma separated; everything that was not decided above. */
  readonly rest: string
}

/** From a version to what it stands for: `vers=4` leaves the minor version to us. */
const MEANING: Readonly<Record<string, readonly string[]>> = {
  '': ['4.2', '4.1', '4.0', '3'],
  '2': [],
  '3': ['3'],
  '4': ['4.2', '4.1', '4.0'],
  '4.0': ['4.0'],
  '4.1': ['4.1'],
  '4.2': ['4.2'],
}
const NFS_PORT = 2049

/** Read a list of options, undefined when it asks for a version that there is not. */
export function parseNfsOptions(text: string): NfsOptions | undefined {
  let version = ''
  let minor = ''
  let port = NFS_PORT
  const rest: string[] = []
  for (const option of text.split(',')) {
    const [name = '', value = ''] = option.split('=')
    if (name === 'vers' || name === 'nfsvers') version = value
    else if (/^v[234](\.\d)?$/.test(option)) version = option.slice(1)
    else if (name === 'minorversion') minor = value
    else if (name === 'port' && Number(value) > 0) port = Number(value)
    else if (option !== '') rest.push(option)
  }
  const versions = MEANING[minor === '' ? version : `4.${minor}`]
  if (versions === undefined || versions.length === 0) return undefined
  return { versions, port, rest: rest.join(',') }
}

/**
 * Format the options of one try.
 *
 * Soft, so that a server that falls silent costs some 100 s (10 + 20 + 30 + 40) and an error, not the whole capture.
 */
export function formatNfsOptions(
  version: string,
  { port, rest }: NfsOptions,
  address: string,
  clientAddress: string,
): string {
  const proto = address.includes(':') ? 'tcp6' : 'tcp'
  const has = (name: string): boolean =>
    rest.split(',').some((option) => option.split('=')[0] === name)
  const options = [`vers=${version}`, `proto=${proto}`, `port=${port}`, 'soft']
  if (!has('timeo')) options.push('timeo=100')
  if (!has('retrans')) options.push('retrans=3')
  if (rest !== '') options.push(rest)
  options.push(`addr=${address}`)
  // The lock manager wants a daemon, and nobody else writes where we do.
  if (version === '3')
    options.push('nolock', 'mountvers=3', `mountproto=${proto}`, `mountaddr=${address}`)
  else options.push(`clientaddr=${clientAddress}`)
  return options.join(',')
}

/** Options that fstab has and that mean nothing here: they are flags of mount(2) or words to mount(8). */
const WITHOUT_EFFECT =
  /^(?:defaults|rw|(?:no)?auto|(?:no)?user|_netdev|nofail|x-.*|comment=.*|fg|bg|retry=.*|(?:no)?(?:atime|diratime|relatime|strictatime|lazytime|suid|dev|exec|iversion)|(?:a)?sync|hard|soft|softerr|(?:no)?lock|local_lock=.*|addr=.*|mountaddr=.*|clientaddr=.*|proto=.*|mountproto=.*|tcp|udp|mountvers=.*|)$/

/** Drop what has no effect in the capture kernel, or is decided there: addresses, transport, locks, patience. */
export function reduceNfsOptions(text: string): string {
  return text
    .split(',')
    .filter((option) => !WITHOUT_EFFECT.test(option.trim()))
    .join(',')
}
