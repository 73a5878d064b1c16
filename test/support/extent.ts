// How much test/vm and test/compat try. A run of all tests has 40 minutes on two cores: what another kernel, another version
// of a tool or another row of a table would say once more is tried with KBOX_TESTS=all.

/** Is everything tried? */
export const IS_WHOLE = process.env['KBOX_TESTS'] === 'all'

/** Why a test is skipped that only a whole run has. */
export const UNLESS_WHOLE: string | false = IS_WHOLE ? false : 'KBOX_TESTS=all'
