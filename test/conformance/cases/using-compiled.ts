import { defineCase } from '../case.ts';
import native from './using.ts';

/** What compilers make of `using` for runtimes that do not know it. */
export default defineCase({ ...native, title: 'Compiled `using`', needs: [] });
