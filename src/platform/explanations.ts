const CREDENTIALS = 'check the credentials in otlpHeaders or OTEL_EXPORTER_OTLP_HEADERS';
const REDIRECT = 'redirects are not followed, set the final address';

/**
 * The second half of messages: by code, what a diagnostic means and what can be done about it, and by status, what a
 * server's answer calls for. Pages omit them, since these sentences would be a tenth of all that they load. The guide
 * lists them for everybody.
 */
export const EXPLANATIONS: Readonly<Record<string, string>> = {
  arguments_unreadable: 'the arguments of a helper cannot be read, its span has neither name nor attributes',
  attribute_limit: 'attributes beyond the limit are dropped: raise it in spanLimits',
  attribute_refused:
    'an attribute is left out: texts, numbers, booleans, bytes, and lists and plain objects of these can be stored; for errors there is recordError',
  baggage_dropped:
    'baggage entries not sent: keys are HTTP tokens, values are strings, and the header has at most 64 members and 8192 bytes',
  callback_missing: 'what withSpan or a helper is to run is no function',
  compression_unavailable: 'this runtime cannot compress, requests leave as they are',
  config_refused: 'the configuration of traceHandler cannot be used, its events are not traced',
  encode_failed: 'a span could not be encoded and is dropped: please report this',
  event_limit: 'events beyond the limit are dropped, the oldest first: raise it in spanLimits',
  export_delayed: 'they are sent again, for as long as the queue has room',
  flush_failed: 'the spans of an event could not be sent with it',
  id_refused: 'idGenerator gave no id, a random one is used',
  link_limit: 'links beyond the limit are dropped: raise it in spanLimits',
  link_refused: 'a link that cannot be read is left out',
  message_unreadable: 'a message could not be read, its span says less',
  options_unreadable: 'the options of a span could not be read, they are left out',
  output_slow: 'what reads standard output does not keep up, traces are not printed: sample, or send them by OTLP',
  print_failed: 'a span could not be printed',
  processor_failed: 'a span processor failed, the others went on',
  propagator_failed: 'a propagator failed, the others went on',
  queue_full:
    'the queue is full, spans are dropped: is the collector reachable and fast enough? maxQueueSize and maxQueueBytes set the bounds',
  request_unreadable: 'a request could not be read, its span says less',
  response_unreadable: 'a response could not be read, its span says less',
  sampler_failed: 'the sampler failed, the span is not sampled',
  server_warning: 'the receiver accepted a request and warns',
  setting_refused: 'check the setting',
  shutdown: 'what cannot be sent before a shutdown is over, or ends after it, is dropped',
  socket_unreadable: 'a WebSocket, or what says which of its messages to trace, threw: it is not traced, or not wholly',
  span_cut: 'spans were larger than 1 MiB, their values are cut: record less of them',
  span_ended: 'a method was called on a span that had ended, and did nothing',
  spans_rejected: 'the receiver accepted a request but rejected some of its spans',
  spans_open: 'what has not ended at the shutdown is not sent: is an end() or an await missing?',
  spans_unsent:
    'the process ends before they are acknowledged, and can send nothing any more: await shutdown() before process.exit(), set flushOnCrash for crashes; is the collector reachable?',
  started_early:
    'a span was started before initialize(): neither it nor its place in the trace of others is recorded; modules that are imported run first',
  start_failed: 'a span could not be started, its options or context threw',
  time_refused: 'a time that is no Date, number or [seconds, nanoseconds] is replaced by the current one',
  too_large: 'a batch is larger than the server takes: lower maxExportBatchSize or raise its limit',
  'http:': 'is a collector listening there?',
  https: 'is a collector listening there, with a certificate that is trusted? It may ask for yours: see otlpTls',
  301: REDIRECT,
  302: REDIRECT,
  307: REDIRECT,
  308: REDIRECT,
  401: CREDENTIALS,
  403: CREDENTIALS,
  404: 'check the path of the endpoint, it should end in /v1/traces',
  PERMISSION_DENIED: CREDENTIALS,
  RESOURCE_EXHAUSTED: 'a quota is used up: send less, or raise it',
  UNAUTHENTICATED: CREDENTIALS,
  UNIMPLEMENTED: 'nothing takes traces there: check the address, OTLP over gRPC has port 4317 as a rule',
};
