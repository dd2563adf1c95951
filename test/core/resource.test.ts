import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { attributeListOf, droppedOf } from '../../src/core/attributes.ts';
import { TracerProvider } from '../../src/core/provider.ts';
import { sdkAttributes } from '../../src/core/resource.ts';
import { SDK_NAME, SDK_VERSION } from '../../src/core/version.ts';
import { requestJson } from '../../src/export/otlp/json.ts';
import { decodeJsonRequest, flatten } from '../oracle/otlp.ts';
import { Recorder } from './recorder.ts';

describe('the resource of a provider', () => {
  it('names the SDK', () => {
    const { name, version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const expected = {
      'telemetry.sdk.name': '@realtime-ai/trace',
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.version': version,
    };
    assert.deepEqual(sdkAttributes(), expected);
    assert.deepEqual(new TracerProvider()._resource, { attributes: expected });
    assert.deepEqual([SDK_NAME, SDK_VERSION], [name, version]);
  });

  it('has the attributes that are given, and keeps its schema', () => {
    const resource = {
      attributes: { 'service.name': 's', 'telemetry.sdk.name': 'distribution' },
      schemaUrl: 'https://schema',
    };
    const recorder = new Recorder({ resource });
    recorder.start('s').end();
    const [{ resource: sent }] = recorder.sent();
    assert.equal(sent.schemaUrl, 'https://schema');
    assert.deepEqual(sent.attributes, { ...sdkAttributes(), ...resource.attributes });
    assert.equal(recorder.ended[0].resource, recorder.provider._resource);
  });

  it('counts attributes that cannot be kept, and is read once', () => {
    let read = 0;
    const nested = {
      get value() {
        return ++read;
      },
    };
    const attributes = { '': 1, call: () => 1, error: new Error('e'), at: new Date(0), nested } as never;
    const recorder = new Recorder({ resource: { attributes } });
    for (const name of ['a', 'b']) recorder.start(name).end();
    const kept = { ...sdkAttributes(), at: '1970-01-01T00:00:00.000Z', nested: { value: 1 } };
    assert.deepEqual(recorder.provider._resource.attributes, kept);
    for (const { resource } of recorder.sent()) {
      assert.deepEqual(resource.attributes, { ...kept, nested: { value: 1n } });
      assert.equal(resource.droppedAttributesCount, 3);
    }
    const [json] = flatten(decodeJsonRequest(requestJson(recorder.ended)));
    assert.deepEqual(json.resource.attributes, { ...kept, nested: { value: 1n } });
    assert.equal(read, 1);
  });

  it('is not truncated to the limits of spans', () => {
    const attributes = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`k${at}`, 'long value']));
    const spanLimits = { attributeCountLimit: 1, attributeValueLengthLimit: 1 };
    const recorder = new Recorder({ resource: { attributes }, spanLimits });
    recorder.start('s').end();
    const sent = recorder.sent()[0].resource;
    assert.deepEqual(sent.attributes, { ...sdkAttributes(), ...attributes });
    assert.equal(droppedOf(attributeListOf(attributes)), 0);
  });
});
