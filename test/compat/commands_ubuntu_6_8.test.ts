// The claims of all commands on Ubuntu's 6.8, which has frame pointers in place of unwind tables, and no debug information
// here: the guest is asked, and all else must work.
import { testClaims } from './claims/test_claims.ts'

testClaims('ubuntu-6.8')
