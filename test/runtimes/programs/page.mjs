// The whole package, for tests in a page or in a web worker.
import * as trace from '@realtime-ai/trace';

globalThis.trace = trace;
