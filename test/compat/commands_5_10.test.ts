// The claims of all commands on Linux 5.10, whose VMCOREINFO does not locate kallsyms. There is no debug information of it
// here: the guest is asked, and all else must work.
import { testClaims } from './claims/test_claims.ts'

testClaims('5.10')
