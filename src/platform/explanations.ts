const CREDENTIALS = 'check the credentials in otlpHeaders or OTEL_EXPORTER_OTLP_HEADERS';
const REDIRECT = 'redirects are not followed: set the final address';

/**
 * The second half of messages: by code, what a diagnostic means and what can be done about it, and by status, what a
 * server's answer calls for. Pages omit them, since these sentences would be a tenth of all that they load. The guide
 * lists them for everybody.
 */
export const EXPLANATIONS: Readonly<Record<string, string>> = {
  arguments_unreadable: 'the arguments of a helper cannot be read, so its span has neither name nor attributes',
  attribute_limit: 'attributes beyond the limit are dropped: raise it in spanLimits',
  attribute_refused:
    'an attribute is dropped: its key must not be empty; values can be strings, numbers, booleans, bytes, and arrays and plain objects of these; use recordError for errors',
  baggage_dropped:
    'baggage entries not sent: keys must be HTTP tokens, values must be strings, and the limits are 64 entries and 8192 bytes',
  callback_missing: 'the callback of withSpan or a helper is not a function',
  compression_unavailable: 'this runtime cannot compress, so requests are sent uncompressed',
  config_refused: 'the configuration of traceHandler cannot be used, so its events are not traced',
  encode_failed: 'a span could not be encoded and is dropped: please report this',
  event_limit: 'events beyond the limit are dropped, oldest first: raise it in spanLimits',
  export_delayed: 'they stay in the queue and are sent again; once it is full, new spans are dropped',
  flush_failed: 'the spans of an event could not be sent with it',
  id_refused: 'idGenerator returned no valid id, so a random one is used',
  link_limit: 'links beyond the limit are dropped: raise it in spanLimits',
  link_refused: 'a link that cannot be read is dropped',
  message_unreadable: 'a message could not be read, so its span lacks details',
  options_unreadable: 'the options of a span could not be read and are ignored',
  output_slow:
    'the reader of standard output cannot keep up, so traces are not printed: sample, or send them over OTLP',
  print_failed: 'a span could not be printed',
  processor_failed: 'a span processor failed; the others still ran',
  propagator_failed: 'a propagator failed; the others still ran',
  queue_full:
    'the queue is full, so spans are dropped: is the collector reachable and fast enough? maxQueueSize and maxQueueBytes set its limits',
  request_unreadable: 'a request could not be read, so its span lacks details',
  response_unreadable: 'a response could not be read, so its span lacks details',
  sampler_failed: 'the sampler failed, so the span is not sampled',
  server_warning: 'the receiver accepted a request with a warning',
  setting_refused: 'check the setting',
  shutdown: 'spans that cannot be sent before the shutdown is over, or that end after it, are dropped',
  socket_unreadable:
    'a WebSocket, or a function in the options of traceWebSocket, threw: the socket is not traced, or only in part',
  span_cut: 'spans were larger than 1 MiB, so their values are cut: record less in them',
  span_ended: 'a method was called on a span that had already ended, and did nothing',
  spans_rejected: 'the receiver accepted a request but rejected some of its spans',
  spans_open: 'they are not sent: is an end() or an await missing?',
  spans_unsent:
    'the process ends before they are acknowledged, and can send nothing more: await shutdown() before process.exit(), set flushOnCrash for crashes; is the collector reachable?',
  started_early:
    'a span was started before initialize(): it is not recorded, and its children are attached to its parent, or start new traces; imported modules run first, so initialize in the first one',
  start_failed: 'a span could not be started because its options or context threw',
  time_refused: 'a time that is not a Date, number or [seconds, nanoseconds] is replaced by the current time',
  too_large: 'a batch is larger than the server accepts: lower maxExportBatchSize, or raise the limit of the server',
  'http:': 'is a collector listening there?',
  https: 'is a collector listening there, with a certificate that is trusted? It may require yours: see otlpTls',
  301: REDIRECT,
  302: REDIRECT,
  307: REDIRECT,
  308: REDIRECT,
  401: CREDENTIALS,
  403: CREDENTIALS,
  404: 'check the path of the endpoint: it should end in /v1/traces',
  PERMISSION_DENIED: CREDENTIALS,
  RESOURCE_EXHAUSTED: 'a quota is exhausted: send less, or raise it',
  UNAUTHENTICATED: CREDENTIALS,
  UNIMPLEMENTED: 'nothing accepts traces there: check the address; OTLP over gRPC usually has port 4317',
};
