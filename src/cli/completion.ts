// Completion for bash, from the facts the help is written from: verbs, their options, and files for the rest.
import type { Verb } from './verb.ts'

/** Write packaging/completion/kbox. */
export function formatCompletion(verbs: readonly Verb[]): string {
  const shown = verbs.filter(({ internal }) => !internal)
  const names = shown.map(({ name }) => name).join(' ')
  const rows = shown.map(({ name, options }) => {
    const flags = options.flatMap((option) => option.flags.match(/--[a-z][\w-]*/g) ?? [])
    return `    ${name}) words='${[...new Set([...flags, '--help'])].join(' ')}' ;;`
  })
  return `# bash completion of kbox. Written by 'npm run docs' from the verbs' help.
_kbox() {
  local current=\${COMP_WORDS[COMP_CWORD]} words=
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W '${names} help --version' -- "$current"))
    return
  fi
  case $current in -*) ;; *) COMPREPLY=($(compgen -f -- "$current")); return ;; esac
  case \${COMP_WORDS[1]} in
${rows.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o filenames -F _kbox kbox
`
}
