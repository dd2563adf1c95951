import * as unknown from './default.ts';
import type { Runtime } from './runtime.ts';

export { type ContextStorage, createContextStorage, explanations } from './default.ts';

/** Vercel's edge runtime: web standards, environment variables, and `AsyncLocalStorage` where the host injects it. */
export const runtime: Runtime = { ...unknown.runtime, name: 'edge-light' };
