import { encoding } from './cases/encoding.ts';
import { encodingProtobufjs } from './cases/encoding-protobufjs.ts';
import { nestedActive } from './cases/nested-active.ts';
import { none, noneDirect } from './cases/none.ts';
import { spanAttributes } from './cases/span-attributes.ts';
import { spanBare } from './cases/span-bare.ts';
import { spanSetAttributes } from './cases/span-set-attributes.ts';
import { unsampled } from './cases/unsampled.ts';
import type { MicroCase } from './micro-case.ts';

export const microCases: readonly MicroCase[] = [
  spanAttributes,
  spanSetAttributes,
  spanBare,
  nestedActive,
  unsampled,
  none,
  noneDirect,
  encoding,
  encodingProtobufjs,
];
