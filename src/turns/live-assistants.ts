// The assistants in force: those of the assistants file, or the one of the settings.
import { readFile } from 'node:fs/promises';
import { LiveFile } from '../telemetry/live-file.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Assistant, Assistants, AssistantSource } from '../domain/assistants/assistant.ts';
import {
  instructionsFilesIn,
  instructionsPath,
  ownAssistant,
  parseAssistants,
  type AssistantDefaults,
  type AssistantsFile,
  type AssistantsText,
} from '../domain/assistants/assistants-file.ts';
import { unreadable, type FileText } from '../domain/file-text.ts';

export interface LiveAssistantsDeps {
  /** Null: no assistants file is configured. */
  readonly file: AssistantsFile | null;
  readonly defaults: AssistantDefaults;
  readonly metrics: Metrics;
  readonly log: Log;
}

const textOf = (path: string): Promise<FileText> => readFile(path, 'utf8').then((text) => ({ text }), unreadable);

async function readAll(path: string): Promise<AssistantsText> {
  const main = await textOf(path);
  const names = instructionsFilesIn(main);
  const texts = await Promise.all(names.map((name) => textOf(instructionsPath(path, name))));
  return { main, instructions: Object.fromEntries(names.map((name, index) => [name, texts[index]!])) };
}

export class LiveAssistants implements AssistantSource {
  readonly #withoutFile: Assistants;
  readonly #file: LiveFile<AssistantsText, Assistants> | null;

  constructor({ file, defaults, metrics, log }: LiveAssistantsDeps) {
    this.#withoutFile = ownAssistant(defaults);
    this.#file =
      file &&
      new LiveFile({
        path: file.path,
        started: { read: file.read, value: file.definitions!.with(defaults) },
        read: () => readAll(file.path),
        parse(read) {
          const { definitions, faults } = parseAssistants(read, file.surroundings);
          return { value: definitions && definitions.with(defaults), faults };
        },
        metrics: metrics.assistants,
        log,
        name: 'assistants file',
        describe: ({ byName }) => ({ assistants: [...byName.keys()] }),
      });
  }

  get current(): Assistants {
    return this.#file?.current ?? this.#withoutFile;
  }

  /** The assistant of a turn; null: there is none of this name. `name` null: the request named none, in a version without
   *  assistants. Another process may have read a newer version of the file, so it is read again before. */
  async find(name: string | null): Promise<Assistant | null> {
    if (name === null) return this.current.standard;
    const known = this.current.byName.get(name);
    if (known) return known;
    await this.#file?.refresh();
    return this.current.byName.get(name) ?? null;
  }

  start(): void {
    this.#file?.start();
  }

  /** Stops reading the file; resolves when no read is running. */
  async stop(): Promise<void> {
    await this.#file?.stop();
  }
}
