// Serves the page, answers its requests, and forwards its spans, so that the collector need not be public.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { initialize, instrumentSTTRequest, traceNodeHandler } from '@realtime-ai/trace';

const { OTEL_EXPORTER_OTLP_ENDPOINT: collector = 'http://localhost:4318', PORT = '3000' } = process.env;
const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['dist/page.js', 'text/javascript'],
};

initialize({ serviceName: 'voice-server', exporterType: 'otlp' });

const answer = traceNodeHandler(async (req, res) => {
  const said = await text(req);
  const heard = instrumentSTTRequest('stand-in', said.length, () => said.toUpperCase());
  res.end(`I heard: ${heard}`);
});

async function handOn(req, res) {
  const { 'content-type': type } = req.headers;
  const options = { method: 'POST', headers: { 'content-type': type }, body: req, duplex: 'half' };
  const { status } = await fetch(`${collector}/v1/traces`, options).catch(() => ({ status: 503 }));
  res.writeHead(status).end();
}

async function serveFile(req, res) {
  const [path, type] = FILES[req.url] ?? [];
  if (path === undefined) res.writeHead(404).end();
  else res.setHeader('content-type', type).end(await readFile(path));
}

const ROUTES = { '/answer': answer, '/v1/traces': handOn };
const server = createServer((req, res) => (ROUTES[req.url] ?? serveFile)(req, res));
server.listen(PORT, () => console.log(`http://localhost:${server.address().port}`));
