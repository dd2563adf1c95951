import type { Scenario } from './scenario.ts';
import { grpc } from './scenarios/grpc.ts';
import { idle } from './scenarios/idle.ts';
import { outage } from './scenarios/outage.ts';
import { randomFaults } from './scenarios/random-faults.ts';
import { restarts } from './scenarios/restarts.ts';
import { secure } from './scenarios/secure.ts';
import { slowCollector } from './scenarios/slow-collector.ts';

/** All scenarios, in the order in which they run. */
export const suite: readonly Scenario[] = [restarts, outage, randomFaults, slowCollector, secure, grpc, idle];
