const SETTINGS = /^(OTEL_|TRACE_EXPORTER$|ENVIRONMENT$)/;

/** Calls `run` with only these of the settings' environment variables, and restores the previous ones. */
export function withVariables<T>(variables: Readonly<Record<string, string>>, run: () => T): T {
  const before = { ...process.env };
  for (const name of Object.keys(before)) if (SETTINGS.test(name)) delete process.env[name];
  Object.assign(process.env, variables);
  try {
    return run();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  }
}
