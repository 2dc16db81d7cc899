import { useId, useState } from 'preact/hooks';
import { argumentsOf, argumentsOfJson, fieldsOf, pretty, type Arguments, type Field, type Read } from './arguments.ts';

interface Props {
  readonly initial: Arguments;
  readonly onRead: (read: Read<Arguments>) => void;
}

const LINE = 70;
const MOST_ROWS = 8;
const rowsOf = (text: string): number =>
  Math.min(
    MOST_ROWS,
    text.split('\n').reduce((rows, line) => rows + Math.ceil((line.length + 1) / LINE), 0),
  );

interface FieldProps {
  readonly field: Field;
  readonly first: boolean;
  readonly onText: (text: string) => void;
}

function ArgumentField({ field: { name, kind, text }, first, onText }: FieldProps) {
  const id = useId();
  const common = { id, 'data-first': first ? true : undefined, value: text };
  return (
    <div>
      <label for={id}>
        {name} <span class="soft">{kind}</span>
      </label>
      {kind === 'yes or no' ? (
        <select {...common} onChange={({ currentTarget }) => onText(currentTarget.value)}>
          <option value="true">yes (true)</option>
          <option value="false">no (false)</option>
        </select>
      ) : kind === 'number' ? (
        <input
          {...common}
          inputMode="decimal"
          autocomplete="off"
          onInput={({ currentTarget }) => onText(currentTarget.value)}
        />
      ) : (
        <textarea {...common} rows={rowsOf(text)} onInput={({ currentTarget }) => onText(currentTarget.value)} />
      )}
    </div>
  );
}

/** The arguments of a call as a form: one field for each, or all as JSON, to add or remove some. */
export function ArgumentFields({ initial, onRead }: Props) {
  const [fields, setFields] = useState<readonly Field[]>(() => fieldsOf(initial));
  /** All arguments as JSON; null: they are in fields. */
  const [json, setJson] = useState<string | null>(null);

  const changeField = (at: number, text: string): void => {
    const changed = fields.with(at, { ...fields[at]!, text });
    setFields(changed);
    onRead(argumentsOf(changed));
  };
  const changeJson = (text: string): void => {
    setJson(text);
    onRead(argumentsOfJson(text));
  };
  const read = json === null ? argumentsOf(fields) : argumentsOfJson(json);
  const toggle = (): void => {
    if ('fault' in read) return;
    setFields(fieldsOf(read.value));
    setJson(json === null ? pretty(read.value) : null);
  };
  return (
    <fieldset class="argument-fields">
      <legend class="hidden">Arguments</legend>
      {json === null ? (
        fields.map((field, at) => (
          <ArgumentField key={field.name} field={field} first={at === 0} onText={(text) => changeField(at, text)} />
        ))
      ) : (
        <textarea
          aria-label="Arguments as JSON"
          rows={Math.max(4, rowsOf(json))}
          spellcheck={false}
          value={json}
          onInput={({ currentTarget }) => changeJson(currentTarget.value)}
        />
      )}
      {json === null && fields.length === 0 && <p class="small soft">The call has no arguments.</p>}
      <button
        type="button"
        class="quiet small"
        data-first={fields.length === 0 ? true : undefined}
        disabled={'fault' in read}
        onClick={toggle}
      >
        {json === null ? 'Edit as JSON' : 'Edit in fields'}
      </button>
    </fieldset>
  );
}
