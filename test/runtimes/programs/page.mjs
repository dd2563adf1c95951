// All of the package, for what a test does in a page or in a web worker.
import * as trace from '@realtime-ai/trace';

globalThis.trace = trace;
