// Runs the script of the documentation page with a minimal fake DOM, which has no function that parses HTML.
import test from 'ava';
import { assistantsWith } from '../support/assistants.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { operationsOf } from '../../src/http/operations.ts';
import { MemoryServices } from './support/memory-services.ts';

class FakeElement {
  readonly name: string;
  readonly attributes = new Map<string, string>();
  textContent = '';
  #children: (FakeElement | string)[] = [];
  constructor(name: string) {
    this.name = name;
  }
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }
  append(...children: (FakeElement | string)[]): void {
    for (const child of children) {
      if (!(child instanceof FakeElement) && typeof child !== 'string')
        throw new TypeError('a child must be an element or a string');
      this.#children.push(child);
    }
  }
  replaceChildren(...children: (FakeElement | string)[]): void {
    this.#children = [];
    this.append(...children);
  }
  text(): string {
    return this.#children.map((child) => (typeof child === 'string' ? child : child.text())).join(' ');
  }
}

test('the page shows every operation with its parameters, responses and a curl example', async (t) => {
  const operations = operationsOf(new MemoryServices().services, {
    version: '1.2.3',
    assistants: assistantsWith('scripted'),
  });
  const openApi: unknown = JSON.parse(JSON.stringify(openApiDocument(operations, '1.2.3')));
  const root = new FakeElement('div');
  Object.assign(globalThis, {
    HTMLDetailsElement: FakeElement,
    location: { origin: 'http://127.0.0.1:8080', hash: '' },
    addEventListener: () => {},
    fetch: async () => ({ json: async () => openApi }),
    document: {
      createElement: (name: string) => new FakeElement(name),
      querySelector: () => root,
      getElementById: () => null,
    },
  });
  await import(new URL('../../src/http/endpoints/docs/docs.js', import.meta.url).href);
  t.is(root.textContent, '');
  const text = root.text();
  for (const { path, summary } of operations) t.true(text.includes(path) && text.includes(summary), path);
  for (const expected of [
    'turnkeeper API 1.2.3',
    'Idempotency-Key (header)',
    'on_busy',
    'string or null',
    '-d \'{"user_id":"alice"',
  ]) {
    t.true(text.includes(expected), expected);
  }
});
