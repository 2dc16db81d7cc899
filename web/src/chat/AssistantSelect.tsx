import type { Assistant } from './assistants.ts';

interface Props {
  readonly assistants: readonly Assistant[];
  readonly chosen: string | undefined;
  readonly onChoose: (name: string) => void;
}

/** Selects who answers the next message. */
export const AssistantSelect = ({ assistants, chosen, onChoose }: Props) => (
  <label class="option small">
    <span class="soft">Assistant</span>
    <select
      class="assistant"
      value={chosen}
      title={assistants.find(({ name }) => name === chosen)?.description || undefined}
      onChange={({ currentTarget }) => onChoose(currentTarget.value)}
    >
      {assistants.map(({ name, description }) => (
        <option key={name} value={name} title={description || undefined}>
          {name}
        </option>
      ))}
    </select>
  </label>
);
