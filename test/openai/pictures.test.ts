// Pictures in the last message of an OpenAI request: which ones are accepted, and how others are refused.
import test, { type ExecutionContext } from 'ava';
import { PICTURE_LIMITS, pictureSourceOf } from '../../src/domain/pictures/picture.ts';
import { start, type Fixture, type Json } from '../http/support/ingress.ts';
import { GIF, JPEG, PNG, WEBP } from '../support/pictures.ts';

type Face = '/v1/chat/completions' | '/v1/responses';
const FACES: readonly Face[] = ['/v1/chat/completions', '/v1/responses'];

const startWithPictures = (t: ExecutionContext) => start(t, {}, { model: 'gpt-4o' });
const send = ({ call }: Fixture, face: Face, content: unknown, before: readonly object[] = []) => {
  const list = [...before, { role: 'user', content }];
  const body = face === '/v1/responses' ? { input: list, background: true } : { messages: list, stream: true };
  return call('POST', face, { model: 'turnkeeper', user: 'ann', ...body });
};
const text = (value: string) => ({ type: 'text', text: value });
const chatPart = (url: unknown, more: object = {}) => ({ type: 'image_url', image_url: { url, ...more } });
const responsePart = (url: unknown, more: object = {}) => ({ type: 'input_image', image_url: url, ...more });
const data = (type: string, bytes: Buffer) => `data:${type};base64,${bytes.toString('base64')}`;
const ADDRESS = 'https://pictures.test/cat.png?sig=a%2Fb&x=1#top';

const PARTS: Readonly<Record<string, readonly [part: object, source: object, detail: string | null]>> = {
  'an address': [chatPart(ADDRESS), { url: ADDRESS }, null],
  'an address as a text': [{ type: 'image_url', image_url: ADDRESS }, { url: ADDRESS }, null],
  'an address of responses': [responsePart(ADDRESS, { detail: 'low' }), { url: ADDRESS }, 'low'],
  'an address of responses as an object': [responsePart({ url: ADDRESS, detail: 'high' }), { url: ADDRESS }, 'high'],
  'a private address': [chatPart('https://127.0.0.1/a.png'), { url: 'https://127.0.0.1/a.png' }, null],
  'an address with other letters': [
    chatPart('https://pictures.test/größe.png'),
    { url: 'https://pictures.test/gr%C3%B6%C3%9Fe.png' },
    null,
  ],
  'a PNG': [chatPart(data('image/png', PNG), { detail: 'auto' }), { mediaType: 'image/png', bytes: PNG }, 'auto'],
  'a JPEG': [responsePart(data('image/jpeg', JPEG)), { mediaType: 'image/jpeg', bytes: JPEG }, null],
  'a JPEG by another name': [chatPart(data('image/jpg', JPEG)), { mediaType: 'image/jpeg', bytes: JPEG }, null],
  'a GIF': [chatPart(data('image/gif', GIF)), { mediaType: 'image/gif', bytes: GIF }, null],
  'a WebP in capitals': [chatPart(data('IMAGE/WEBP', WEBP)), { mediaType: 'image/webp', bytes: WEBP }, null],
  'base64 without padding': [
    chatPart(data('image/png', PNG).replace(/=+$/, '')),
    { mediaType: 'image/png', bytes: PNG },
    null,
  ],
  'a null as detail and as file': [responsePart(ADDRESS, { detail: null, file_id: null }), { url: ADDRESS }, null],
  'the detail of newer responses': [responsePart(ADDRESS, { detail: 'original' }), { url: ADDRESS }, 'high'],
  'members of other servers': [
    { ...chatPart(ADDRESS, { format: 'png' }), cache_control: { type: 'ephemeral' } },
    { url: ADDRESS },
    null,
  ],
};

for (const face of FACES) {
  test(`${face} accepts pictures in the forms of both APIs`, async (t) => {
    for (const [title, [part, source, detail]] of Object.entries(PARTS)) {
      const fixture = await startWithPictures(t);
      const reply = await send(fixture, face, [text('What is it?'), part]);
      t.is(reply.status, 200, `${title}: ${reply.text}`);
      t.like(fixture.accepts[0], { text: 'What is it?' });
      t.deepEqual(fixture.accepts[0]!.pictures, [{ source, detail }] as never, title);
    }
  });
}

const long = `https://pictures.test/${'a'.repeat(PICTURE_LIMITS.urlCharacters)}`;
/** Values that are no source, each with a part of the message. */
const BAD_SOURCES: Readonly<Record<string, readonly [url: string, message: RegExp]>> = {
  'no address': ['cat.png', /must be an https address, or data:image/],
  empty: ['', /must be an https/],
  'plain http': ['http://pictures.test/a.png', /must be an https/],
  'a file': ['file:///etc/passwd', /must be an https/],
  ftp: ['ftp://pictures.test/a.png', /must be an https/],
  'an object of the browser': ['blob:https://pictures.test/1', /must be an https/],
  script: ['javascript:alert(1)', /must be an https/],
  'no host': ['https://', /must be an https/],
  'a relative address': ['//pictures.test/a.png', /must be an https/],
  'a user name': ['https://ann@pictures.test/a.png', /must not contain a user name/],
  'a password': ['https://ann:pass@pictures.test/a.png', /must not contain a user name/],
  'only a password': ['https://:pass@pictures.test/a.png', /must not contain a user name/],
  'a long address': [long, /must have at most 8192 characters/],
  'another type': ['data:image/svg+xml;base64,PHN2Zz4=', /must be an https/],
  'a type that is no picture': ['data:text/html;base64,aGk=', /must be an https/],
  'no type': ['data:;base64,aGk=', /must be an https/],
  'no base64': ['data:image/png,abc', /must be an https/],
  'percent-encoding': ['data:image/png;charset=utf-8,%89PNG', /must be an https/],
  'other parameters': [`data:image/png;name=a.png;base64,${PNG.toString('base64')}`, /must be an https/],
  'only a scheme': ['data:', /must be an https/],
  'no bytes': ['data:image/png;base64,', /is not a picture of the type image\/png/],
  'bytes of another type': [data('image/png', JPEG), /is not a picture of the type image\/png/],
  'a text as JPEG': [data('image/jpeg', Buffer.from('hello there')), /is not a picture of the type image\/jpeg/],
  'half a signature': [data('image/gif', Buffer.from('GIF8')), /is not a picture of the type image\/gif/],
  'another RIFF file': [
    data('image/webp', Buffer.from('RIFF1234WAVEfmt ')),
    /is not a picture of the type image\/webp/,
  ],
  'other characters': [`${data('image/png', PNG)}!`, /has invalid base64/],
  'other characters inside': ['data:image/png;base64,iVBO*Rw0KGgo=', /has invalid base64/],
  'line breaks': ['data:image/png;base64,iVBO\r\nRw0KGgo=', /has invalid base64/],
  'padding inside': ['data:image/png;base64,iVBORw==0KGgo=', /has invalid base64/],
  'only padding': ['data:image/png;base64,====', /has invalid base64/],
  'one character too many': ['data:image/png;base64,iVBORw0KGgoA=A', /has invalid base64/],
  'the alphabet of URLs': [`data:image/jpeg;base64,_9j_4AAQSkZJRg`, /has invalid base64/],
};

test('what is no picture is refused, and the message says what is', (t) => {
  for (const [title, [url, message]] of Object.entries(BAD_SOURCES)) {
    const read = pictureSourceOf(url);
    t.regex('fault' in read ? read.fault : 'accepted', message, title);
  }
});

test('the time to read a data URL is linear', (t) => {
  const hostile = ['='.repeat(8_000_000), `${'A'.repeat(8_000_000)}!`, 'A='.repeat(4_000_000), ' '.repeat(8e6)];
  const started = performance.now();
  for (const base64 of hostile) t.true('fault' in pictureSourceOf(`data:image/png;base64,${base64}`));
  t.true('fault' in pictureSourceOf(`data:${';'.repeat(8_000_000)}`));
  t.true(performance.now() - started < 5_000, `${performance.now() - started} ms`);
});

const errorOf = (json: Json): Json => json['error'] as Json;

/** Faulty contents, and the places of all their errors in the order of the message. */
const BAD_CONTENTS: Readonly<Record<string, readonly [content: readonly unknown[], params: readonly string[]]>> = {
  'no address': [[text('Hi'), { type: 'image_url' }], ['[1].image_url is required']],
  'an address that is null': [[text('Hi'), { type: 'input_image', image_url: null }], ['[1].image_url is required']],
  'an object without an address': [[{ type: 'image_url', image_url: {} }], ['[0].image_url.url is required']],
  'a list of addresses': [[chatPart([ADDRESS])], ['[0].image_url.url must be a string']],
  'a number': [[{ type: 'image_url', image_url: 5 }], ['[0].image_url must be a string']],
  'a file': [[{ type: 'input_image', file_id: 'file-1' }], ['[0].file_id must be omitted']],
  'a file and an address': [[responsePart(ADDRESS, { file_id: 'file-1' })], ['[0].file_id must be omitted']],
  'an unknown detail': [
    [chatPart(ADDRESS, { detail: 'best' })],
    ['[0].image_url.detail must be one of auto, low, high'],
  ],
  'a detail that is no text': [[responsePart(ADDRESS, { detail: 3 })], ['[0].detail must be one of']],
  'a member of all objects': [[chatPart(ADDRESS, { detail: 'toString' })], ['[0].image_url.detail must be one of']],
  'several at once': [
    [{ type: 'audio' }, chatPart('x', { detail: 'x' }), chatPart(ADDRESS), responsePart('http://a.test')],
    ['[0] must be a text', '[1].image_url.detail', '[1].image_url.url must be', '[3].image_url must be'],
  ],
  'eleven pictures': [Array.from({ length: 11 }, () => chatPart(ADDRESS)), [' must have at most 10 pictures']],
  'another provider': [
    [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }],
    ['[0] must be a text: turnkeeper accepts text and pictures (image_url, input_image)'],
  ],
};

for (const face of FACES) {
  const list = face === '/v1/responses' ? 'input' : 'messages';
  for (const [title, [content, params]] of Object.entries(BAD_CONTENTS)) {
    test(`${face}: ${title}: 400 with all errors and their places`, async (t) => {
      const fixture = await startWithPictures(t);
      const reply = await send(fixture, face, content, [{ role: 'system', content: 'x' }]);
      t.is(reply.status, 400, reply.text);
      t.is(errorOf(reply.json)['code'], 'invalid_request');
      const message = errorOf(reply.json)['message'] as string;
      for (const param of params) t.true(message.includes(`${list}[1].content${param}`), `${param}: ${message}`);
      t.is(message.split('; ').length, params.length, message);
      t.is(fixture.accepts.length, 0);
    });
  }

  test(`${face}: pictures for an assistant that takes none: 400 that says how the operator enables them`, async (t) => {
    const fixture = await start(t);
    const reply = await send(fixture, face, [text('Hi'), chatPart(ADDRESS), chatPart(ADDRESS)]);
    t.is(reply.status, 400);
    t.like(errorOf(reply.json), { code: 'invalid_request', param: `${list}[0].content[1]` });
    t.regex(errorOf(reply.json)['message'] as string, /content\[2\] is a picture.*"profile": \{"images": true\}/);
    t.is(fixture.accepts.length, 0);
    // Pictures that the client showed before do not matter.
    const before = [
      { role: 'user', content: [chatPart('x')] },
      { role: 'assistant', content: 'A cat.' },
    ];
    t.is((await send(fixture, face, 'And now?', before)).status, 200);
  });

  test(`${face}: pictures of 8 MiB together are accepted, larger ones are not`, async (t) => {
    const fixture = await startWithPictures(t);
    const half = Buffer.concat([PNG, Buffer.alloc(PICTURE_LIMITS.bytes / 2 - PNG.length)]);
    const both = [chatPart(data('image/png', half)), responsePart(data('image/png', half))];
    t.is((await send(fixture, face, [text('Hi'), ...both])).status, 200);
    const reply = await send(fixture, face, [text('Hi'), ...both, chatPart(data('image/png', PNG))]);
    t.is(reply.status, 400);
    t.like(errorOf(reply.json), { param: `${list}[0].content` });
    t.regex(errorOf(reply.json)['message'] as string, /must have pictures of at most 8 MiB together/);
    t.is(fixture.accepts.length, 1);
  });

  test(`${face}: a message of pictures only has a text that says so`, async (t) => {
    const fixture = await startWithPictures(t);
    await send(fixture, face, [chatPart(ADDRESS)]);
    await send(fixture, face, [text(' \n'), chatPart(ADDRESS), chatPart(ADDRESS)]);
    t.deepEqual(
      fixture.accepts.map((accepted) => accepted.text),
      ['[1 picture]', '[2 pictures]'],
    );
  });
}

test('faults of very many parts make a short answer', async (t) => {
  const fixture = await startWithPictures(t);
  const content = Array.from({ length: 200_000 }, (_, index) => (index % 2 === 0 ? { type: 'x' } : chatPart('x')));
  const reply = await send(fixture, '/v1/chat/completions', content);
  t.is(reply.status, 400);
  t.true(reply.text.length < 50_000, `${reply.text.length}`);
});
