import type { MicroCase } from '../micro-case.ts';
import { encoding } from './encoding.ts';

/** protobufjs has less to do: its messages are ready-made, while ours are made from spans. */
export const encodingProtobufjs: MicroCase = {
  ...encoding,
  name: 'encoding-protobufjs',
  what: 'encoding only, compared with static code of protobufjs',
  subjects: ['subjects/realtime-ai', 'peers/protobufjs/subject'],
};
