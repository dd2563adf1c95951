// Vercel's edge runtime: web standards, environment variables, and `AsyncLocalStorage` where the host injects it.
export * from './default.ts';
