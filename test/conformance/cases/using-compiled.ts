import { defineCase } from '../case.ts';
import native from './using.ts';

/** `using`, compiled for runtimes that do not support it. */
export default defineCase({ ...native, title: 'Compiled `using`', needs: [] });
