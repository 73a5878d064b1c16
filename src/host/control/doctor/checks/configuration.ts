// Is there a configuration, and is it right?
import { formatProblemPlace } from '../../config/conf_problem.ts'
import type { Check } from '../check.ts'

/** The configuration as a whole. */
export const configuration: Check = {
  ids: ['config-missing', 'config-invalid'],
  summary: 'read the configuration',
  *examine({ configuration: found }) {
    if (!found) {
      yield {
        id: 'config-missing',
        severity: 'error',
        title: 'there is no configuration',
        evidence: [
          'there is none of /etc/kdump.conf, /etc/default/kdump-tools, /etc/sysconfig/kdump',
        ],
        fix: "write /etc/kdump.conf; an empty file means dumps in /var/crash, 'kbox config show' tells the rest",
      }
    } else if (!found.ok) {
      yield {
        id: 'config-invalid',
        severity: 'error',
        title: 'the configuration has errors',
        evidence: found.errors.flatMap((problem) => [
          problem.message,
          formatProblemPlace(problem.file, problem).trim(),
        ]),
        fix: "correct these lines; 'kbox config check' shows them again",
      }
    }
  },
}
