import { AttrLLMModel, SpanKind } from '@realtime-ai/trace';

globalThis.main = async () => [AttrLLMModel, SpanKind.CLIENT];
