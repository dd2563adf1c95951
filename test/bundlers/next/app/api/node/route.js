import { handle } from '../../../handler.js';

export const dynamic = 'force-dynamic';
export const GET = () => handle('next-node');
