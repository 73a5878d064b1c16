// What a report takes whole from diagnose/, by the function that makes it.
import type { Diagnosis } from '../diagnose/diagnose.ts'
import type { MachineState } from '../diagnose/machine_state.ts'
import type { Scene } from '../diagnose/scene.ts'
import { readMachineState } from '../diagnose/state/read_machine_state.ts'
import { makeSignature, type Signature } from '../diagnose/signature.ts'
import type { WaitGraph } from '../kernel/wait_graph.ts'

/** Makers of parts; each may throw KdumpError for what the dump lacks. */
export interface ReportSources {
  readonly signature: (scene: Scene, diagnosis: Diagnosis) => Signature | null
  readonly state: (scene: Scene) => MachineState | null
  readonly waits: (scene: Scene) => WaitGraph | null
}

/** The makers there are. */
export const REPORT_SOURCES: ReportSources = {
  signature: makeSignature,
  state: readMachineState,
  waits: (scene) => scene.waits,
}
