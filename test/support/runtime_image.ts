// The runtime image of this very checkout, for the guests of test/vm.
import { execFileSync } from 'node:child_process'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '../..')

/** Build dist/runtime.squashfs unless it is newer than every source; returns its path. */
export function buildRuntimeImage(): string {
  const script = path.join(ROOT, 'scripts/build_runtime.ts')
  execFileSync(process.execPath, [script, '--if-stale'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return path.join(ROOT, 'dist/runtime.squashfs')
}
