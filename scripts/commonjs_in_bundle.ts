// Makes ssh2, a CommonJS package, fit into a bundle of ES modules: there is no require() to ask Node's own modules of, and
// the C++ that it can use but does without is left out.
import { builtinModules } from 'node:module'
import type { Plugin } from 'esbuild'

const BUILTIN = new RegExp(`^(?:node:)?(?:${builtinModules.join('|')})$`)
/** ssh2 tries to load these, and goes on without. */
const LEFT_OUT = /(?:^cpu-features|\.node)$/

/** The plugin. */
export const commonjsInBundle: Plugin = {
  name: 'commonjs-in-bundle',
  setup(build) {
    // Where ssh2 would find a program for Windows.
    build.initialOptions.define = { ...build.initialOptions.define, __dirname: '""' }
    build.onResolve({ filter: BUILTIN }, ({ path, kind }) =>
      kind === 'require-call' ? { path, namespace: 'builtin' } : undefined,
    )
    build.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
    build.onResolve({ filter: LEFT_OUT }, ({ path, kind }) =>
      kind === 'require-call' ? { path, namespace: 'left-out' } : undefined,
    )
    build.onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not in the bundle`)})`,
    }))
  },
}
