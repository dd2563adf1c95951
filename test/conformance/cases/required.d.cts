declare const trace: typeof import('@realtime-ai/trace');
export default trace;
