import { fileURLToPath } from 'node:url';
import type { BenchCase } from '../bench-case.ts';
import { bundleSize } from '../bundle-size.ts';
import { type Figure, figureOf } from '../figure.ts';
import { type Footprint, footprintOf } from '../footprint.ts';
import { OWN_BUNDLE } from '../own-bundle.ts';
import { withPackedProject } from '../packed.ts';
import { BESIDE_BUNDLES, OPENTELEMETRY_BUNDLES, type PeerBundle } from '../peer-bundles.ts';

const OURS = '@realtime-ai/trace';

async function bundled({ name, folder, program }: PeerBundle): Promise<Figure> {
  return figureOf(name, [(await bundleSize(program, folder)).gzipBytes]);
}

export const bundle: BenchCase = {
  name: 'bundle',
  what: 'browser bundle, gzipped: provider, batching, OTLP over HTTP',
  everywhere: false,
  fullOnly: true,
  measure: (lab) =>
    withPackedProject(async ({ folder }) => {
      const figures = [await bundled({ name: OURS, folder, program: OWN_BUNDLE })];
      for (const each of OPENTELEMETRY_BUNDLES) figures.push(await bundled(each));
      const beside: Figure[] = [];
      if (lab.showsBeside) for (const each of BESIDE_BUNDLES) beside.push(await bundled(each));
      return { unit: 'bytes', figures, beside, score: figures[0].median };
    }),
};

const PEERS = [
  ['OpenTelemetry JS 2.12', 'opentelemetry-2'],
  ['OpenTelemetry JS 3.1', 'opentelemetry-3'],
];
const BESIDE = [
  ['Sentry 11.12', 'sentry'],
  ['dd-trace 5.132', 'dd-trace'],
  ['Effect 4.1', 'effect'],
];

export const footprint: BenchCase = {
  name: 'footprint',
  what: 'installed size',
  everywhere: false,
  fullOnly: true,
  measure: (lab) =>
    withPackedProject(async ({ pack }) => {
      const notes: string[] = [];
      const figureFor = (name: string, { packages, bytes }: Footprint) => {
        notes.push(`${name}: ${packages} ${packages === 1 ? 'package' : 'packages'}`);
        return figureOf(name, [bytes / 2 ** 20]);
      };
      const installed = ([name, folder]: readonly string[]) =>
        figureFor(name, footprintOf(fileURLToPath(new URL(`../peers/${folder}`, import.meta.url))));
      const figures = [figureFor(OURS, { packages: 1, bytes: pack.unpackedSize }), ...PEERS.map(installed)];
      const beside = lab.showsBeside ? BESIDE.map(installed) : [];
      return { unit: 'MiB', figures, beside, score: pack.unpackedSize, notes };
    }),
};
