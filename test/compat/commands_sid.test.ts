// The claims of all commands on the newest kernel of Debian sid, on which crash 9.0.2 does not start.
import { testClaims } from './claims/test_claims.ts'

testClaims('sid')
