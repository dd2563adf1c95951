import { handle } from '../../handler.js';

export const config = { runtime: 'edge' };
export default () => handle('next-edge');
