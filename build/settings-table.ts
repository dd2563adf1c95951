import { membersOf } from '../test/docs/source-facts.ts';

/** Where the guide says more about a setting than its comment. */
const MORE: Readonly<Record<string, string>> = {
  otlpEndpoint: 'docs/tracing.md#endpoints',
  otlpHeaders: 'docs/tracing.md#headers',
  otlpTls: 'docs/tracing.md#over-tls',
  otlpCompression: 'docs/tracing.md#compressed',
  otlpProtocol: 'docs/tracing.md#otlp',
  fetch: 'docs/tracing.md#proxies-and-agents',
  samplingRate: 'docs/tracing.md#configuration',
  sampler: 'docs/tracing.md#configuration',
  stdoutFormat: 'docs/tracing.md#stdout',
  stdoutAttributes: 'docs/tracing.md#stdout',
  spanProcessors: '#test-your-instrumentation',
  propagators: 'docs/propagation.md',
  onDiagnostic: 'docs/tracing.md#diagnostics',
  flushOnExit: 'docs/tracing.md#the-end-of-a-process',
  flushOnCrash: 'docs/tracing.md#the-end-of-a-process',
  env: 'docs/workers.md#setting-it-up',
};

/** A setting as its comment describes it: a text, then `Environment: …`, then `Default: …`. */
interface Setting {
  readonly name: string;
  readonly meaning: string;
  readonly environment: string;
  readonly standard: string;
}

/**
 * Returns the README with its tables, `<!-- settings: … -->` to `<!-- end -->`, generated from the settings' comments.
 */
export function withSettings(root: URL, readme: string): string {
  const source = (path: string, name: string, prefix = '') =>
    membersOf(new URL(path, root), name).map(({ name, comment }) => settingOf(prefix + name, comment));
  const tables = {
    config: source('src/config.ts', 'Config'),
    members: [
      ...source('src/export/batch-options.ts', 'BatchSpanProcessorOptions', 'batch.'),
      ...source('src/core/limits.ts', 'SpanLimits', 'spanLimits.'),
    ],
  };
  let text = readme;
  for (const [name, settings] of Object.entries(tables)) {
    const section = new RegExp(`(<!-- settings: ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!section.test(text)) throw new Error(`the README has no settings table: ${name}`);
    text = text.replace(section, (_, begin: string, end: string) => `${begin}\n${tableOf(settings)}\n\n${end}`);
  }
  return text;
}

function settingOf(name: string, comment: string): Setting {
  const found = /^(.+?[.?])(?: Environment: (.+?)\.)? Default: (.+)\.$/.exec(comment);
  if (found === null) throw new Error(`${name}: the comment must end with a default: ${comment}`);
  const [, meaning, environment = '–', standard] = found;
  return { name, meaning, environment, standard };
}

function tableOf(settings: readonly Setting[]): string {
  return [
    '| Setting | Environment | Default | Meaning |',
    '| ------- | ----------- | ------- | ------- |',
    ...settings.map(({ name, meaning, environment, standard }) => {
      const more = name in MORE ? ` [More](${MORE[name]}).` : '';
      return `| \`${name}\` | ${environment} | ${standard} | ${meaning}${more} |`;
    }),
  ].join('\n');
}
