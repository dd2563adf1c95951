import type { MicroCase } from '../micro-case.ts';
import { encoding } from './encoding.ts';

/** protobufjs has less to do: its messages are ready-made, while ours are made from spans. */
export const encodingProtobufjs: MicroCase = {
  ...encoding,
  name: 'encoding-protobufjs',
  what: 'the same, against static code of protobufjs',
  subjects: ['subjects/realtime-ai', 'peers/protobufjs/subject'],
};
