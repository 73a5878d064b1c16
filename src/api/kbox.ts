// What scripts import as 'kbox': `import { open, forEachTask } from 'kbox'`. Written by `npm run api`, which lists what
// it takes; do not edit.
export * from '../core/program/kernel_types.ts'
export { crash } from './crash.ts'
export type { CrashOutput } from './crash.ts'
export { open } from './open.ts'
export type { Registers } from '../core/arch/arch.ts'
export { wrap64 } from '../core/base/addr.ts'
export {
  KdumpError,
  FormatError,
  UnsupportedError,
  FaultError,
  CorruptError,
  MismatchError,
  NotFoundError,
  UsageError,
  HostError,
  attempt,
} from '../core/base/errors.ts'
export type { FaultReason, AddressSpace, NotFoundKind } from '../core/base/errors.ts'
export { formatHex, formatAddress, formatHexBytes } from '../core/base/hex.ts'
export { demangleRust, demangleRustText } from '../core/base/rust_demangle.ts'
export { readCell } from '../core/base/table.ts'
export type { Cell, CellFault, Column } from '../core/base/table.ts'
export type { KernelSymbol } from '../core/debuginfo/symbol_index.ts'
export {
  VOID,
  TYPE_DEPTH_LIMIT,
  stripType,
  sizeofType,
  indexMembers,
} from '../core/debuginfo/type.ts'
export type {
  Type,
  VoidType,
  IntType,
  FloatType,
  PointerType,
  ArrayType,
  CompoundType,
  EnumType,
  EnumValue,
  TypedefType,
  QualifiedType,
  FunctionType,
  ForwardType,
  Parameter,
  Member,
} from '../core/debuginfo/type.ts'
export {
  KERNEL_RANGE,
  USER_RANGE,
  kernelPieces,
  userPieces,
  physicalPieces,
  stackPieces,
} from '../core/kernel/address_space.ts'
export type { AddressSpan, KernelPart } from '../core/kernel/address_space.ts'
export { forEachAuditRecord } from '../core/kernel/audit.ts'
export type { AuditRecord } from '../core/kernel/audit.ts'
export {
  forEachDisk,
  diskInFlight,
  isWrite,
  forEachInFlightRequest,
  forEachBusyRequest,
  forEachHwContext,
} from '../core/kernel/block.ts'
export type { Gendisk, Request, InFlight } from '../core/kernel/block.ts'
export { waitedStruct, BlockedOnFinder } from '../core/kernel/blocked_on.ts'
export type { BlockedOn } from '../core/kernel/blocked_on.ts'
export {
  BPF_INSN_SIZE,
  forEachBpfProg,
  findBpfProg,
  forEachBpfMap,
  findBpfMap,
  forEachUsedMap,
  bpfTypeName,
  bpfProgTag,
  bpfProgLoadTime,
  bpfProgInstructions,
  bpfProgJitCode,
  bpfMapFootprint,
  bpfMapUid,
  longestBpfTypeName,
} from '../core/kernel/bpf.ts'
export type { BpfProg, BpfMap, JitCode } from '../core/kernel/bpf.ts'
export { forEachBpfInstruction } from '../core/kernel/bpf_disasm.ts'
export type { BpfInstruction, BpfNames } from '../core/kernel/bpf_disasm.ts'
export { forEachBugEntry, findBug, fileReader } from '../core/kernel/bug.ts'
export type { BugEntry } from '../core/kernel/bug.ts'
export { forEachSourceSite } from '../core/kernel/call_site_tables.ts'
export type { SourceSite } from '../core/kernel/call_site_tables.ts'
export { cpuStacks } from '../core/kernel/cpu_stacks.ts'
export type { CpuStack } from '../core/kernel/cpu_stacks.ts'
export { cpumaskCpus, formatCpuList } from '../core/kernel/cpumask.ts'
export { dPath, mountPath, dentryPath, dentryName } from '../core/kernel/dcache.ts'
export type { Dentry, DPathOptions } from '../core/kernel/dcache.ts'
export {
  majorOf,
  minorOf,
  classToSubsys,
  forEachClassDevice,
  forEachChrdev,
  forEachBlkdevMajor,
  forEachResource,
} from '../core/kernel/device.ts'
export type { Chrdev, BlkdevMajor, ClaimedResource } from '../core/kernel/device.ts'
export { DiskIo, diskOfInode, diskOfBlockDevice } from '../core/kernel/disk_io.ts'
export type { PendingRequest } from '../core/kernel/disk_io.ts'
export { dmiStrings } from '../core/kernel/dmi.ts'
export type { DmiString } from '../core/kernel/dmi.ts'
export { forEachE820Entry } from '../core/kernel/e820.ts'
export type { E820Entry } from '../core/kernel/e820.ts'
export { FileUserSearch } from '../core/kernel/file_users.ts'
export type { FileUse, FileReference } from '../core/kernel/file_users.ts'
export {
  forEachFile,
  filePath,
  fileUserPath,
  fileInode,
  taskRoot,
  taskCwd,
  inodeType,
  inodePages,
  forEachCachedPage,
  forEachDirtyInode,
} from '../core/kernel/fs.ts'
export type { File, Inode, OpenFile, FileType, CachedPage } from '../core/kernel/fs.ts'
export { generatedText, forEachBpfText } from '../core/kernel/generated_text.ts'
export { forEachHstate, hugePageSize, hugetlbTotalPages } from '../core/kernel/hugetlb.ts'
export type { Hstate } from '../core/kernel/hugetlb.ts'
export { identifyAddress, addressRegions } from '../core/kernel/identify.ts'
export type { Identity } from '../core/kernel/identify.ts'
export { identifyPage, inodeText } from '../core/kernel/identify_page.ts'
export { identifySlab, cacheType, memberText } from '../core/kernel/identify_slab.ts'
export { vmaText, mmOwner, mmOwnerText } from '../core/kernel/identify_user.ts'
export { idrForEach, idrFind } from '../core/kernel/idr.ts'
export type { IdrEntry } from '../core/kernel/idr.ts'
export { kernelConfig } from '../core/kernel/ikconfig.ts'
export {
  SHM_DEST,
  SHM_LOCKED,
  ipcNamespace,
  forEachIpc,
  ipcPerm,
  shmInode,
  shmPages,
} from '../core/kernel/ipc.ts'
export type { IpcNamespace, ShmidKernel, IpcKind, ShmPages } from '../core/kernel/ipc.ts'
export {
  nrIrqs,
  forEachIrqDesc,
  irqToDesc,
  forEachIrqAction,
  irqDescActionNames,
  irqDescAffinity,
  kstatIrqsCpu,
  irqChipName,
  forEachSoftirq,
  forEachTasklet,
  taskletFunction,
  forEachIdtGate,
} from '../core/kernel/irq.ts'
export type { IrqDesc, NumberedIrq, Softirq } from '../core/kernel/irq.ts'
export { forEachKey, keyTypeName, userKeyPayload } from '../core/kernel/keys.ts'
export type { KeyPayload } from '../core/kernel/keys.ts'
export { PF_WQ_WORKER, taskName, toKthread } from '../core/kernel/kthread.ts'
export { pidLimit, threadLimit, fileLimit } from '../core/kernel/limits.ts'
export type { Limit } from '../core/kernel/limits.ts'
export {
  LIST_LIMIT,
  containerOf,
  listForEach,
  listForEachEntry,
  hlistForEachEntry,
} from '../core/kernel/list.ts'
export { liveTask } from '../core/kernel/live_task.ts'
export { loadAverages } from '../core/kernel/loadavg.ts'
export { LockSuspects } from '../core/kernel/lock_suspects.ts'
export {
  mutexHolders,
  rtMutexHolders,
  rwsemHolders,
  semaphoreHolders,
  percpuRwsemHolders,
} from '../core/kernel/locking.ts'
export type { LockHolders } from '../core/kernel/locking.ts'
export type { LogRecord } from '../core/kernel/log_record.ts'
export { mtForEach, mtForEachPlace, mapleNodeContents, mtLoad } from '../core/kernel/maple_tree.ts'
export type { MapleEntry, MaplePlace, MapleNodeContents } from '../core/kernel/maple_tree.ts'
export {
  freePages,
  availablePages,
  bufferPages,
  swapCachePages,
  cachedPages,
  slabPages,
  freeSwapPages,
  vmCommitLimit,
  vmMemoryCommitted,
  sharedPages,
} from '../core/kernel/meminfo.ts'
export { forEachMemmapChunk, forEachPage } from '../core/kernel/memmap.ts'
export type { MemmapChunk } from '../core/kernel/memmap.ts'
export {
  forEachMemoryBlock,
  memoryBlockName,
  memoryBlockRange,
  memoryBlockState,
} from '../core/kernel/memory_block.ts'
export type { MemoryBlock } from '../core/kernel/memory_block.ts'
export { NOT_ACCOUNTED, memoryUse, pcpPages, vmallocPages } from '../core/kernel/memory_use.ts'
export type { MemoryUse } from '../core/kernel/memory_use.ts'
export {
  taskMm,
  forEachVma,
  vmaLookup,
  vmaFlags,
  mmTotalVm,
  mmRss,
  mmResident,
  mmSwap,
  taskRss,
  readUserMemory,
  mmArguments,
  mmEnvironment,
} from '../core/kernel/mm.ts'
export type { Mm, Vma, MmResident } from '../core/kernel/mm.ts'
export {
  forEachNode,
  nodeZones,
  findNode,
  zoneWatermarks,
  zoneManagedPages,
  forEachFreeList,
  forEachFreeBlock,
  zoneFreePages,
  findFreeBlock,
  pageZoneOf,
  presentPages,
  highMemoryPages,
  totalramPages,
} from '../core/kernel/mmzone.ts'
export type { Node, Zone, Watermarks, FreeList, FreeBlock } from '../core/kernel/mmzone.ts'
export { forEachModule, moduleRanges } from '../core/kernel/module.ts'
export type { Module } from '../core/kernel/module.ts'
export {
  realMount,
  mountNamespace,
  forEachMount,
  mountDevname,
  mountType,
} from '../core/kernel/mount.ts'
export type { Mount } from '../core/kernel/mount.ts'
export {
  arpTable,
  forEachNeighbour,
  neighbourAddress,
  neighbourHardwareType,
  neighbourHardwareAddress,
  neighbourState,
} from '../core/kernel/neighbour.ts'
export type { Neighbour } from '../core/kernel/neighbour.ts'
export {
  initNet,
  forEachNet,
  taskNet,
  forEachNetdev,
  netdevIpv4Addresses,
  netdevIpv6Addresses,
} from '../core/kernel/netdevice.ts'
export type { Net, NetDevice } from '../core/kernel/netdevice.ts'
export {
  netdevIsUp,
  netdevCarrierOk,
  netdevStoppedSeconds,
  socketsInUse,
} from '../core/kernel/netdevice_state.ts'
export type { OpenOptions } from '../core/kernel/open_kernel.ts'
export {
  vmemmapBase,
  pageToPfn,
  pfnToPage,
  virtToPage,
  pageToPhys,
  pageAddress,
  physToVirt,
  isDirectMap,
  pageOfDescriptor,
  pageFlags,
  pageFlagList,
  pageFlagNames,
  pageHasFlag,
  compoundHead,
  compoundOrder,
  pageType,
  pageIsSlab,
  pageIsBuddy,
  pageTest,
  pageNode,
  pageZone,
} from '../core/kernel/page.ts'
export type { Page, PageFlag } from '../core/kernel/page.ts'
export { panicCpu, panicTask, panicMessage } from '../core/kernel/panic.ts'
export {
  forEachPciRootBus,
  forEachChildBus,
  forEachPciBusDev,
  forEachPciDev,
  checkBusDepth,
  pciName,
  pciClass,
  pciId,
  pciIsBridge,
  pciPcieType,
} from '../core/kernel/pci.ts'
export type { PciBus, PciDev } from '../core/kernel/pci.ts'
export {
  nrCpuIds,
  perCpuOffset,
  perCpu,
  perCpuPtr,
  findPerCpu,
  forEachCpu,
} from '../core/kernel/percpu.ts'
export type { CpuSet, PerCpuPlace } from '../core/kernel/percpu.ts'
export { percpuCounterSum, percpuCounterReadPositive } from '../core/kernel/percpu_counter.ts'
export { forEachPid, pidTask, initPidNs } from '../core/kernel/pid.ts'
export type { Pid, PidEntry } from '../core/kernel/pid.ts'
export { valueMeaning } from '../core/kernel/poison.ts'
export type { ValueMeaning } from '../core/kernel/poison.ts'
export { preemptCount } from '../core/kernel/preempt.ts'
export type { PreemptCount } from '../core/kernel/preempt.ts'
export {
  readLog,
  readLogSinceClear,
  formatLogLines,
  formatTimestamp,
} from '../core/kernel/printk.ts'
export { forEachPrintkSafeBuffer } from '../core/kernel/printk_safe.ts'
export type { PrintkSafeBuffer } from '../core/kernel/printk_safe.ts'
export {
  rbtreeInorderForEach,
  rbtreeForEachPlace,
  rbtreeInorderForEachEntry,
  rbFind,
} from '../core/kernel/rbtree.ts'
export type { RbPlace } from '../core/kernel/rbtree.ts'
export { runningGracePeriod } from '../core/kernel/rcu.ts'
export type { GracePeriod } from '../core/kernel/rcu.ts'
export {
  requestState,
  requestOperation,
  requestSector,
  requestBytes,
  requestSinceNsec,
} from '../core/kernel/request.ts'
export type { RequestState } from '../core/kernel/request.ts'
export { RLIM_INFINITY, forEachRlimit } from '../core/kernel/resource.ts'
export type { ResourceLimit } from '../core/kernel/resource.ts'
export { realReturnAddress } from '../core/kernel/return_address.ts'
export {
  MAX_RT_PRIO,
  cpuRq,
  taskLastArrival,
  forEachFairEntity,
  fairCurrent,
  isThrottled,
  forEachRtEntity,
  forEachDeadlineTask,
  forEachRunnableTask,
  forEachFairTask,
  checkDepth,
  groupCfsRq,
  forEachChildGroup,
  taskGroupName,
} from '../core/kernel/runqueue.ts'
export type { QueuedEntity, RtEntity } from '../core/kernel/runqueue.ts'
export {
  sbitmapForEachSet,
  sbitmapWeight,
  sbitmapBytes,
  sbqWaitQueues,
} from '../core/kernel/sbitmap.ts'
export type { SbitmapWeight, SbqWaiters } from '../core/kernel/sbitmap.ts'
export {
  TASK_INTERRUPTIBLE,
  TASK_UNINTERRUPTIBLE,
  TASK_STOPPED,
  TASK_TRACED,
  EXIT_DEAD,
  EXIT_ZOMBIE,
  TASK_PARKED,
  TASK_DEAD,
  TASK_WAKEKILL,
  TASK_WAKING,
  TASK_NOLOAD,
  TASK_NEW,
  PF_KTHREAD,
  taskState,
  taskStateName,
  taskCpu,
  isKthread,
  forEachProcess,
  forEachThread,
  forEachTask,
  forEachIdleTask,
  idleTask,
  currentTask,
  runningCpu,
  findTask,
} from '../core/kernel/sched.ts'
export type { Task } from '../core/kernel/sched.ts'
export {
  NSIG,
  signalName,
  signalNames,
  signalsOf,
  sigset,
  forEachSigAction,
  sigActionFlagNames,
  forEachPendingSignal,
  queuedSignal,
  hasUnblockedSignal,
} from '../core/kernel/signal.ts'
export type { SigQueue, SigAction } from '../core/kernel/signal.ts'
export {
  slabCacheUsage,
  forEachSlab,
  slabFirstObject,
  slabObjects,
  slabFreelist,
  slabCpuFreelist,
  freePointers,
  slabObjectInfo,
  findSlab,
  slabOfDescriptor,
  objectsAtHand,
  slabCacheForEachAllocatedObject,
} from '../core/kernel/slab.ts'
export type { SlabUsage, SlabObjectInfo, ObjectsAtHand } from '../core/kernel/slab.ts'
export {
  forEachSlabCache,
  findSlabCache,
  slabCacheName,
  slabCacheObjectsPerSlab,
  slabCacheOrder,
  slabCacheCounts,
  slabCacheIsReclaimable,
  forEachSlabNode,
  forEachSlabCpu,
  forEachCpuPartialSlab,
  forEachPartialSlab,
  forEachFullSlab,
  slabCacheTracksFull,
  slabTypeName,
} from '../core/kernel/slab_cache.ts'
export type { SlabCache, Slab, SlabNode, SlabCpu, SlabCounts } from '../core/kernel/slab_cache.ts'
export { findSlabHolder } from '../core/kernel/slab_holder.ts'
export type { SlabHolder } from '../core/kernel/slab_holder.ts'
export {
  forEachCpuSheaf,
  forEachBarnSheaf,
  sheafObjects,
  sheafSize,
} from '../core/kernel/slab_sheaf.ts'
export { slabTrack } from '../core/kernel/slab_track.ts'
export type { SlabTrack, TrackItem } from '../core/kernel/slab_track.ts'
export {
  forEachTaskSocket,
  socketSock,
  sockFamily,
  sockType,
  sockState,
  inetEndpoints,
  sockContainer,
  unixSocketName,
  inodeSocket,
  socketProtocol,
} from '../core/kernel/socket.ts'
export type { Sock, OpenSocket, Endpoint } from '../core/kernel/socket.ts'
export { sourceLine, sourceFile, formatSourceLine } from '../core/kernel/source_lines.ts'
export type { SourceConfidence, SourceLine } from '../core/kernel/source_lines.ts'
export {
  SECTION_MARKED_PRESENT,
  SECTION_HAS_MEM_MAP,
  SECTION_IS_ONLINE,
  SECTION_IS_EARLY,
  SECTION_TAINT_ZONE_DEVICE,
  pagesPerSection,
  forEachPresentSection,
} from '../core/kernel/sparse.ts'
export type { MemSection, PresentSection } from '../core/kernel/sparse.ts'
export { stackTrace, cpuTrace, crashRegisters } from '../core/kernel/stack.ts'
export { kernelStack } from '../core/kernel/stack_bounds.ts'
export type { StackBounds } from '../core/kernel/stack_bounds.ts'
export {
  forEachSwapInfo,
  swapInusePages,
  swapPath,
  swapFileName,
  swapType,
  totalSwapPages,
} from '../core/kernel/swap.ts'
export type { SwapInfo } from '../core/kernel/swap.ts'
export { forEachSystemCall } from '../core/kernel/syscall_table.ts'
export type { SystemCall } from '../core/kernel/syscall_table.ts'
export { taintFlags, taintedMask, taintLetters } from '../core/kernel/taint.ts'
export type { TaintFlag } from '../core/kernel/taint.ts'
export { taskAt } from '../core/kernel/task_at.ts'
export type { TaskPart } from '../core/kernel/task_at.ts'
export { parentTask } from '../core/kernel/task_parent.ts'
export { searchTasks } from '../core/kernel/task_search.ts'
export type { TaskSearch } from '../core/kernel/task_search.ts'
export { TaskStacks } from '../core/kernel/task_stacks.ts'
export {
  timekeeper,
  coarseRealtimeNsec,
  monotonicNsec,
  coarseBoottimeNsec,
  kernelHz,
} from '../core/kernel/timekeeping.ts'
export {
  timerBases,
  timerBaseForEach,
  hrtimerCpuBase,
  nextTimerNsec,
  hrtimerClocks,
  hrtimerClockForEach,
  hrtimerExpires,
  hrtimerSoftExpires,
  hrtimerClockNow,
} from '../core/kernel/timer.ts'
export type { TimerBase, HrtimerClock } from '../core/kernel/timer.ts'
export { forEachUserRange, findUserPage, vmaFileOffset } from '../core/kernel/user_page.ts'
export type { UserRange, SwapEntry } from '../core/kernel/user_page.ts'
export { utsname } from '../core/kernel/uts.ts'
export type { Utsname } from '../core/kernel/uts.ts'
export { vmFlagNames } from '../core/kernel/vm_flags.ts'
export {
  forEachVmapArea,
  findVmapArea,
  vmapAreaVm,
  vmallocCallers,
} from '../core/kernel/vmalloc.ts'
export type { VmapArea, VmStruct, VmallocCaller } from '../core/kernel/vmalloc.ts'
export {
  vmZoneStat,
  vmNodeStat,
  zoneStat,
  vmNumaEvents,
  vmEvents,
  counterValue,
} from '../core/kernel/vmstat.ts'
export type { Counter } from '../core/kernel/vmstat.ts'
export { waitqueueForEach, waitqueueActive, waitqueueForEachTask } from '../core/kernel/wait.ts'
export type { Waiter } from '../core/kernel/wait.ts'
export { schedulerClock, sleepSeconds } from '../core/kernel/wait_clock.ts'
export { findCompleter } from '../core/kernel/wait_completer.ts'
export type { Completer } from '../core/kernel/wait_completer.ts'
export { findRings } from '../core/kernel/wait_cycles.ts'
export { waitFunctions } from '../core/kernel/wait_function.ts'
export type { WaitFrame, WaitFunctions } from '../core/kernel/wait_function.ts'
export { waitChain, buildWaitGraph } from '../core/kernel/wait_graph.ts'
export type {
  WaitedKind,
  WaitQuality,
  Waited,
  Wait,
  WaitRoot,
  WaitGroup,
  WaitGraph,
  WaitGraphInput,
  WaitTracer,
} from '../core/kernel/wait_graph.ts'
export { groupWaits } from '../core/kernel/wait_groups.ts'
export type { RootSources } from '../core/kernel/wait_groups.ts'
export { placeName } from '../core/kernel/wait_place.ts'
export type { PlaceHint } from '../core/kernel/wait_place.ts'
export { ownerState, thingState } from '../core/kernel/wait_root.ts'
export { WaitedThings } from '../core/kernel/waited.ts'
export type { WaitedSources } from '../core/kernel/waited.ts'
export { WaiterRings } from '../core/kernel/waiter_ring.ts'
export type { WaiterRing } from '../core/kernel/waiter_ring.ts'
export { stackBytes, WaiterScan } from '../core/kernel/waiter_scan.ts'
export type { WaiterKind, StackWaiter, StackBytes } from '../core/kernel/waiter_scan.ts'
export { watchdogThreshold, watchdogTouchedNsec, hasMissedTimer } from '../core/kernel/watchdog.ts'
export {
  forEachWorkerPool,
  forEachBusyWorker,
  taskWork,
  forEachPendingWork,
} from '../core/kernel/workqueue.ts'
export type { WorkerPool, BusyWorker, PendingWork } from '../core/kernel/workqueue.ts'
export { xaForEach, xaForEachPlace, xaLoad, xaIsValue, xaToValue } from '../core/kernel/xarray.ts'
export type { XArrayEntry, XArrayPlace, XArrayKind } from '../core/kernel/xarray.ts'
export { forEachInstruction } from '../core/program/disassemble.ts'
export { enclosingStruct } from '../core/program/enclosing_struct.ts'
export type { EnclosingStruct } from '../core/program/enclosing_struct.ts'
export { evaluate, addressOf } from '../core/program/evaluate.ts'
export type { EvaluateOptions } from '../core/program/evaluate.ts'
export {
  formatObject,
  formatExpression,
  formatSymbol,
  checkReadable,
} from '../core/program/format_object.ts'
export type { FormatOptions } from '../core/program/format_object.ts'
export { formatType, formatDefinition, formatMember } from '../core/program/format_type.ts'
export type { DefinitionLine } from '../core/program/format_type.ts'
export { functionFlow, thunkRegister, operationAt } from '../core/program/function_flow.ts'
export type { FunctionFlow } from '../core/program/function_flow.ts'
export { functionPrototype, parameterInRegister } from '../core/program/function_prototype.ts'
export { BPF_TEXT, FTRACE_TEXT, GeneratedMap } from '../core/program/generated_map.ts'
export { KObject } from '../core/program/kobject.ts'
export { memberAt } from '../core/program/member_at.ts'
export type { MemberAt } from '../core/program/member_at.ts'
export { Memory } from '../core/program/memory.ts'
export type { MemoryReader } from '../core/program/memory.ts'
export { ModuleMap } from '../core/program/module_tables.ts'
export type { AddressRange, ModuleTables } from '../core/program/module_tables.ts'
export { toPlain, plainInteger } from '../core/program/plain_object.ts'
export type { Plain } from '../core/program/plain_object.ts'
export { Program } from '../core/program/program.ts'
export type { ProgramOptions } from '../core/program/program.ts'
export { readPtRegs, parsePrstatus } from '../core/program/registers.ts'
export { searchWords, searchTexts } from '../core/program/search_memory.ts'
export type {
  MemoryPiece,
  SearchUnit,
  SearchValue,
  SearchHit,
  WordHit,
  SearchRun,
} from '../core/program/search_memory.ts'
export { searchTypes } from '../core/program/search_types.ts'
export type { TypeQuery, FoundType } from '../core/program/search_types.ts'
export { frameSymbol } from '../core/program/stack_trace.ts'
export type {
  FrameQuality,
  StackFrame,
  StackTrace,
  FrameSymbol,
} from '../core/program/stack_trace.ts'
export { sugar, unsugar, sugarFunction, sugarGlobals } from '../core/program/sugar.ts'
export { findTailCaller } from '../core/program/tail_call.ts'
export { unwindStack } from '../core/program/unwind_stack.ts'
export type { UnwindStart } from '../core/program/unwind_state.ts'
export { ValueFlow, placeOf } from '../core/program/value_flow.ts'
export type { ValueState, Slot, FlowCode } from '../core/program/value_flow.ts'
export {
  argumentOrigin,
  resultOrigin,
  constantOrigin,
  perCpuOrigin,
  stackOrigin,
  unknownOrigin,
  addressOrigin,
  elementOrigin,
  loadOrigin,
} from '../core/program/value_origin.ts'
export type { Origin } from '../core/program/value_origin.ts'
export { valueText, pointedMember } from '../core/program/value_text.ts'
export type { ValueText, PointedMember } from '../core/program/value_text.ts'
export { variableWriters } from '../core/program/variable_writers.ts'
export type { VariableWriter } from '../core/program/variable_writers.ts'
