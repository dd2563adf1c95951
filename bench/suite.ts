import type { BenchCase } from './bench-case.ts';
import { allocation, allocationNone, allocationUnsampled } from './cases/allocation.ts';
import { backlog } from './cases/backlog.ts';
import { eventLoop } from './cases/event-loop.ts';
import { helpers } from './cases/helpers.ts';
import { realLoop } from './cases/real-loop.ts';
import { slowCollector100, slowCollector1000 } from './cases/slow-collector.ts';
import { startupCommonJs, startupEsm } from './cases/startup.ts';
import { sustainedRate } from './cases/sustained-rate.ts';
import { bundle, footprint } from './cases/weight.ts';
import { measureMicro } from './measure-micro.ts';
import { microCases } from './micro-cases.ts';

/** All cases, in the order of the table. */
export const suite: readonly BenchCase[] = [
  ...microCases.map(measureMicro),
  helpers,
  allocation,
  allocationUnsampled,
  allocationNone,
  realLoop,
  sustainedRate,
  slowCollector100,
  slowCollector1000,
  backlog,
  eventLoop,
  startupEsm,
  startupCommonJs,
  bundle,
  footprint,
];
