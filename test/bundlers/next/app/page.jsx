'use client';

import { initialize, withSpan } from '@realtime-ai/trace';
import { useEffect } from 'react';

export default function Page() {
  useEffect(() => {
    initialize({ serviceName: 'next-page' });
  }, []);
  return (
    <button type="button" onClick={() => withSpan('click', () => {})}>
      Talk
    </button>
  );
}
