// The assistants file: JSON, with instructions in files beside it. All faults of a file are reported together.
import { resolve } from 'node:path';
import {
  NO_PARAMETERS,
  NO_TRAITS,
  OWN_NAME,
  type Assistant,
  type AssistantModel,
  type Assistants,
  type Endpoint,
  type Parameters,
} from './assistant.ts';
import {
  assistantsFile,
  outlineOf,
  type AssistantsFileContent,
  type DefinedAssistant,
  type Outline,
} from './assistants-schema.ts';
import { faultOfVariable, variableOf, type Environment } from './environment.ts';
import { jsonIn, readFileText, type FileText } from '../file-text.ts';
import { BUDGET_OUTPUT_TOKENS, windowSeconds, type Budget } from '../budgets/budget.ts';
import { INSTRUCTIONS_CHARACTERS } from '../limits.ts';
import { NO_TOOLS } from '../tools/tool.ts';
import {
  definedTools,
  faultOfName,
  faultsOfEntries,
  faultsOfTools,
  toolsOfAssistant,
  type DefinedTools,
} from '../tools/tools-file.ts';

/** The texts of the file and of the files with instructions that it names, by their names in it. */
export interface AssistantsText {
  readonly main: FileText;
  readonly instructions: Readonly<Record<string, FileText>>;
}

/** The names of the files with instructions in the file's text. */
export function instructionsFilesIn(main: FileText): string[] {
  const json = jsonIn(main);
  const { assistants } = outlineOf('content' in json ? json.content : null);
  const files = Object.values(assistants).map(({ instructions_file: file }) => file ?? '');
  return [...new Set(files.filter((file) => file !== ''))];
}

/** The path of a file with instructions, which is relative to the assistants file. */
export const instructionsPath = (path: string, name: string): string => resolve(path, '..', name);

/** What the file does not say. */
export interface AssistantDefaults {
  /** The endpoint and the model of the settings. */
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly exchanges: number;
}

/** What the file depends on, apart from the files that it names. */
export interface Surroundings {
  readonly environment: Environment;
  /** Whether tools may have addresses that are not public, and http without TLS. */
  readonly allowPrivate: boolean;
}

/** The assistants of a file, as far as they do not depend on the defaults. */
export interface AssistantDefinitions {
  with(defaults: AssistantDefaults): Assistants;
}

export interface ReadAssistants {
  /** Null: the file has faults. */
  readonly definitions: AssistantDefinitions | null;
  readonly faults: readonly string[];
}

type DefinedModel = NonNullable<DefinedAssistant['models']>[number];

/** The model of the settings. */
const standardModel = ({ endpoint, model }: AssistantDefaults): AssistantModel => ({
  model,
  endpoint,
  retryMs: 0,
  traits: NO_TRAITS,
});

function modelOf(each: DefinedModel, environment: Environment, defaults: AssistantDefaults): AssistantModel {
  const { model: name, base_url: url, api_key_env: keyName, retry_s: retryS, profile: said } = each;
  const key = keyName === undefined ? undefined : variableOf(environment, keyName);
  const { endpoint } = defaults;
  return {
    model: name,
    endpoint:
      url === undefined
        ? { baseUrl: endpoint.baseUrl, apiKey: keyName === undefined ? endpoint.apiKey : key }
        : { baseUrl: url, apiKey: key },
    retryMs: retryS * 1_000,
    traits: {
      streamUsage: said.stream_usage ?? null,
      systemRole: said.system_role ?? null,
      maxTokensField: said.max_tokens_field ?? null,
      images: said.images ?? null,
      tools: said.tools ?? null,
    },
  };
}

/** `standard`: the limit of output tokens if the file has none. */
function parametersOf(
  { max_output_tokens: limit, extra, ...others }: DefinedAssistant['parameters'],
  { maxOutputTokens: standard }: Parameters,
): Parameters {
  return { maxOutputTokens: limit ?? standard, others: { ...extra, ...others } };
}

const budgetsOf = ({ budgets }: AssistantsFileContent): Budget[] =>
  budgets.map((each) => ({ ...each, windowS: windowSeconds(each.window)! }));

/** What calls have without parameters of the operator. */
const standardParameters = (hasBudgets: boolean): Parameters =>
  hasBudgets ? { ...NO_PARAMETERS, maxOutputTokens: BUDGET_OUTPUT_TOKENS } : NO_PARAMETERS;

function assistantOf(
  name: string,
  said: DefinedAssistant,
  read: AssistantsText,
  environment: Environment,
  tools: DefinedTools,
  defaults: AssistantDefaults & { readonly parameters: Parameters },
): Assistant {
  const { instructions_file: file, context } = said;
  return {
    name,
    description: said.description,
    instructions: said.instructions ?? (file === undefined ? null : read.instructions[file]!.text),
    models: said.models?.map((each) => modelOf(each, environment, defaults)) ?? [standardModel(defaults)],
    parameters: parametersOf(said.parameters, defaults.parameters),
    summaryParameters: defaults.parameters,
    exchanges: context.exchanges ?? defaults.exchanges,
    maxInputTokens: context.max_input_tokens ?? null,
    appendsClientInstructions: said.client_instructions === 'append',
    memory: said.memory,
    tools: toolsOfAssistant(tools, said.tools, said.max_steps),
  };
}

/** The name of the default assistant; undefined: the file names none, and has several. */
const standardName = ({
  default: name,
  assistants,
}: {
  readonly default?: string | undefined;
  readonly assistants: Readonly<Record<string, unknown>>;
}): string | undefined => name ?? (Object.keys(assistants).length === 1 ? Object.keys(assistants)[0] : undefined);

function faultsOfNames({ assistants, ...file }: Outline): string[] {
  const standard = standardName({ ...file, assistants });
  const faults = Object.keys(assistants).flatMap((name) => {
    const fault = faultOfName(name);
    return fault === null ? [] : [`assistants.${name}: ${fault}`];
  });
  if (standard === undefined && Object.keys(assistants).length > 1)
    faults.push('default: is required, because there are several assistants');
  if (standard !== undefined && !Object.hasOwn(assistants, standard))
    faults.push(`default: there is no assistant ${standard}`);
  if (Object.hasOwn(assistants, OWN_NAME) && standard !== OWN_NAME)
    faults.push(`assistants.${OWN_NAME}: an assistant of this name must be the default`);
  return faults;
}

/** The faults between the members, and those of the files and variables that the file names. */
const crossFaults = (file: Outline, read: AssistantsText, { environment, allowPrivate }: Surroundings): string[] => [
  ...faultsOfNames(file),
  ...Object.entries(file.assistants).flatMap(([name, { models, instructions_file: instructionsFile, tools }]) => {
    const keys = models.flatMap(({ api_key_env: variable }, index) => {
      const fault = faultOfVariable(environment, variable);
      return fault === null ? [] : [`models.${index}.api_key_env: ${fault}`];
    });
    const fault = instructionsFile === undefined ? null : instructionsFault(read.instructions[instructionsFile]);
    const all = [
      ...keys,
      ...(fault === null ? [] : [`instructions_file: ${fault}`]),
      ...faultsOfEntries(tools, file).map((each) => `tools.${each}`),
    ];
    return all.map((each) => `assistants.${name}.${each}`);
  }),
  ...faultsOfTools(file, environment, allowPrivate),
];

function instructionsFault(read: FileText | undefined): string | null {
  if (read === undefined) return 'it was not read';
  if (read.text === null) return read.fault;
  if (read.text.trim() === '') return 'it is empty';
  return read.text.length > INSTRUCTIONS_CHARACTERS ? `it has more than ${INSTRUCTIONS_CHARACTERS} characters` : null;
}

/** The assistants of a file's text, or all its faults. */
export function parseAssistants(read: AssistantsText, surroundings: Surroundings): ReadAssistants {
  const json = jsonIn(read.main);
  if ('fault' in json) return { definitions: null, faults: [json.fault] };
  const parsed = assistantsFile.safeParse(json.content);
  const issues = parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
  const faults = [...issues, ...crossFaults(outlineOf(json.content), read, surroundings)];
  if (!parsed.data || faults.length > 0) return { definitions: null, faults };
  const file: AssistantsFileContent = parsed.data;
  const { environment } = surroundings;
  const tools = definedTools(file, environment);
  const definitions: AssistantDefinitions = {
    with(given) {
      const budgets = budgetsOf(file);
      const defaults = { ...given, parameters: standardParameters(budgets.length > 0) };
      const all = Object.entries(file.assistants).map(([name, said]) =>
        assistantOf(name, said, read, environment, tools, defaults),
      );
      const byName = new Map(all.map((each) => [each.name, each]));
      return { byName, standard: byName.get(standardName(file)!)!, budgets };
    },
  };
  return { definitions, faults: [] };
}

/** The assistants without a file. */
export function ownAssistant(defaults: AssistantDefaults): Assistants {
  const standard: Assistant = {
    name: OWN_NAME,
    description: '',
    instructions: null,
    models: [standardModel(defaults)],
    parameters: NO_PARAMETERS,
    summaryParameters: NO_PARAMETERS,
    exchanges: defaults.exchanges,
    maxInputTokens: null,
    appendsClientInstructions: false,
    memory: true,
    tools: NO_TOOLS,
  };
  return { byName: new Map([[OWN_NAME, standard]]), standard, budgets: [] };
}

/** The file as it was read when the process started. */
export interface AssistantsFile extends ReadAssistants {
  readonly path: string;
  readonly read: AssistantsText;
  readonly surroundings: Surroundings;
}

export function readAssistantsFile(path: string, surroundings: Surroundings): AssistantsFile {
  const main = readFileText(path);
  const names = instructionsFilesIn(main);
  const texts = names.map((name) => [name, readFileText(instructionsPath(path, name))] as const);
  const read = { main, instructions: Object.fromEntries(texts) };
  return { path, read, surroundings, ...parseAssistants(read, surroundings) };
}
