import type { Case } from './case.ts';
import acrossAwait from './cases/across-await.ts';
import cancelledRequest from './cases/cancelled-request.ts';
import clock from './cases/clock.ts';
import config from './cases/config.ts';
import defaults from './cases/defaults.ts';
import earlySpans from './cases/early-spans.ts';
import emitters from './cases/emitters.ts';
import end from './cases/end.ts';
import environment from './cases/environment.ts';
import explicitParents from './cases/explicit-parents.ts';
import generators from './cases/generators.ts';
import grpc from './cases/grpc.ts';
import grpcPort from './cases/grpc-port.ts';
import gzip from './cases/gzip.ts';
import importing from './cases/import.ts';
import json from './cases/json.ts';
import moduleScope from './cases/module-scope.ts';
import nested from './cases/nested.ts';
import promises from './cases/promises.ts';
import protobuf from './cases/protobuf.ts';
import requiring from './cases/require.ts';
import signal from './cases/signal.ts';
import streams from './cases/streams.ts';
import timers from './cases/timers.ts';
import using from './cases/using.ts';
import usingCompiled from './cases/using-compiled.ts';
import volume from './cases/volume.ts';

/** All cases by file name, in the order of the table. */
export const SUITE: Readonly<Record<string, Case>> = {
  import: importing,
  require: requiring,
  config,
  environment,
  defaults,
  'module-scope': moduleScope,
  'early-spans': earlySpans,
  nested,
  'across-await': acrossAwait,
  timers,
  promises,
  generators,
  streams,
  emitters,
  'explicit-parents': explicitParents,
  using,
  'using-compiled': usingCompiled,
  protobuf,
  json,
  gzip,
  grpc,
  'grpc-port': grpcPort,
  volume,
  clock,
  end,
  signal,
  'cancelled-request': cancelledRequest,
};
