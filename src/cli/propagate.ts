// kbox propagate: make the SSH targets of kdump.conf let the capture kernel in, in kdumpctl's words.
import { KdumpError, UsageError } from '../core/base/errors.ts'
import { propagate } from '../host/control/reach/propagate.ts'
import { Questions } from './ask.ts'
import { readSettings } from './kdump_conf_file.ts'
import { sayKdump } from './kdump_messages.ts'
import { parseVerbOptions } from './verb_options.ts'

const OPTIONS = {
  config: { type: 'string' },
  'accept-host-key': { type: 'string', default: 'ask' },
  'sftp-only': { type: 'boolean', default: false },
  root: { type: 'string', default: '/' },
} as const

/**
 * Run `kbox propagate`.
 *
 * @returns exit code: 0 every SSH target lets us in, 1 one does not
 * @throws {UsageError} for an unknown option
 */
export async function propagateMain(argv: readonly string[]): Promise<number> {
  const values = parseVerbOptions(argv, OPTIONS)
  const acceptHostKey = values['accept-host-key']
  if (!/^(?:ask|yes|SHA256:[\w+/]{43})$/.test(acceptHostKey))
    throw new UsageError(`--accept-host-key ${acceptHostKey}: must be ask, yes or SHA256:…`)
  const settings = readSettings({
    file: values.config,
    root: values.root,
    // The key that it names may not be there yet: it is made.
    skipChecks: true,
  })
  if (!settings) return 1
  const { conf } = settings
  const targets = conf.targets.filter((target) => target.kind === 'ssh')
  if (targets.length === 0) {
    sayKdump(`No ssh config specified in ${settings.file}.  Can't propagate`)
    return 1
  }
  using questions = new Questions()
  for (const target of targets) {
    try {
      await propagate(
        target,
        conf.sshKey,
        {
          root: values.root,
          acceptHostKey,
          isSftpOnly: values['sftp-only'],
          agentSocket: process.env['SSH_AUTH_SOCK'] ?? '',
        },
        {
          say: sayKdump,
          ask: (question) => questions.ask(question),
          askSecret: (question) => questions.askSecret(question),
        },
      )
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
      sayKdump(error.message)
      sayKdump(`Failed to propagate ssh key to ${target.user}@${target.host}`)
      return 1
    }
  }
  return 0
}
