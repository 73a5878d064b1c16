// Is there a configuration, and is it right?
import { formatProblemPlace } from '../../kdump_conf.ts'
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
        title: 'there is no kdump.conf',
        evidence: ['/etc/kdump.conf cannot be read'],
        fix: "write /etc/kdump.conf; an empty file means dumps in /var/crash, 'kbox config show' tells the rest",
      }
    } else if (!found.result.ok) {
      yield {
        id: 'config-invalid',
        severity: 'error',
        title: 'the configuration has errors',
        evidence: found.result.errors.flatMap((problem) => [
          problem.message,
          formatProblemPlace(found.file, problem).trim(),
        ]),
        fix: "correct these lines; 'kbox config check' shows them again",
      }
    }
  },
}
