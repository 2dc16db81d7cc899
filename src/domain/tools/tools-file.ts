// The tools and MCP servers of the assistants file, and which of them an assistant may use. No I/O.
import { isIP } from 'node:net';
import { faultOfSecret, faultOfVariable, variableOf, type Environment } from '../assistants/environment.ts';
import { isLoopback } from '../limits.ts';
import { faultOfUrl, hostOf, isPublic } from '../outbound/target.ts';
import {
  DEFAULT_MAX_STEPS,
  type AssistantTools,
  type McpGrant,
  type McpServer,
  type Tool,
  type ToolTraits,
} from './tool.ts';
import { headersIn } from './server-headers.ts';
import type { DefinedServer, DefinedTool, DefinedTraits, ToolsOutline } from './tools-schema.ts';

const TIMEOUT_S = 20;

/** What is said about a tool, in the order of preference. */
function traitsOf(...said: readonly DefinedTraits[]): ToolTraits {
  const first = <K extends keyof DefinedTraits>(name: K) => said.find((each) => each[name] !== undefined)?.[name];
  const effect = first('effect') ?? 'once';
  return {
    effect,
    approval: first('approval') ?? effect !== 'read',
    timeoutMs: (first('timeout_s') ?? TIMEOUT_S) * 1_000,
  };
}

const toolOf = (name: string, said: DefinedTool, environment: Environment): Tool => ({
  name,
  modelName: name,
  description: said.description,
  parameters: said.parameters,
  endpoint: {
    kind: 'http',
    url: said.url,
    secret: (said.secret_env === undefined ? undefined : variableOf(environment, said.secret_env)) ?? null,
  },
  version: null,
  ...traitsOf(said),
});

function serverOf(name: string, said: DefinedServer, environment: Environment): McpServer {
  const given = said.headers_env === undefined ? undefined : variableOf(environment, said.headers_env);
  const { headers } = headersIn(given ?? '');
  const byTool = new Map(Object.entries(said.tools).map(([tool, each]) => [tool, traitsOf(each, said)]));
  return { name, url: said.url, headers, traits: traitsOf(said), byTool };
}

/** The tools and servers of a file without faults. */
export interface DefinedTools {
  readonly tools: ReadonlyMap<string, Tool>;
  readonly servers: ReadonlyMap<string, McpServer>;
}

export function definedTools(
  file: {
    readonly tools: Readonly<Record<string, DefinedTool>>;
    readonly mcp_servers: Readonly<Record<string, DefinedServer>>;
  },
  environment: Environment,
): DefinedTools {
  const tools = Object.entries(file.tools).map(([name, said]) => [name, toolOf(name, said, environment)] as const);
  const servers = Object.entries(file.mcp_servers).map(
    ([name, said]) => [name, serverOf(name, said, environment)] as const,
  );
  return { tools: new Map(tools), servers: new Map(servers) };
}

/** The parts of an entry such as `docs/search` or `docs/*`; null: it names no MCP server. Names of tools may contain a
 *  slash, names of servers do not. */
function grantIn(entry: string): { readonly server: string; readonly tool: string | null } | null {
  const [, server, tool] = /^([^/]*)\/(.+)$/s.exec(entry) ?? [];
  return server === undefined ? null : { server, tool: tool === '*' ? null : tool! };
}

/** The tools that an assistant's entries name. Entries that occur twice count once. */
export function toolsOfAssistant(
  { tools, servers }: DefinedTools,
  entries: readonly string[],
  maxSteps: number | undefined,
): AssistantTools {
  const http: Tool[] = [];
  const mcp: McpGrant[] = [];
  for (const entry of new Set(entries)) {
    const grant = grantIn(entry);
    if (grant) mcp.push({ server: servers.get(grant.server)!, tool: grant.tool });
    else http.push(tools.get(entry)!);
  }
  return { http, mcp, maxSteps: maxSteps ?? DEFAULT_MAX_STEPS };
}

/** What is wrong with the entries of an assistant. */
export const faultsOfEntries = (entries: readonly string[], { tools, mcp_servers: servers }: ToolsOutline): string[] =>
  entries.flatMap((entry, index) => {
    const grant = grantIn(entry);
    if (grant) return Object.hasOwn(servers, grant.server) ? [] : [`${index}: there is no MCP server ${grant.server}`];
    return Object.hasOwn(tools, entry) ? [] : [`${index}: there is no tool ${entry}`];
  });

const NAME = /^[A-Za-z0-9_-]{1,48}$/;
/** MCP limits the names of tools to this. */
const MCP_TOOL_NAME = /^[A-Za-z0-9_.\-/]{1,128}$/;

/** What is wrong with the name of an assistant or an MCP server; null: nothing. */
export const faultOfName = (name: string): string | null =>
  NAME.test(name) ? null : 'has a name that is not 1 to 48 of A–Z a–z 0–9 _ -';

/** Two underscores are between the names of a server and its tool in the name that the model gets. */
const faultOfToolName = (name: string): string | null =>
  faultOfName(name) ?? (name.includes('__') ? 'has a name with two underscores in a row' : null);

const faultOfMcpToolName = (name: string): string | null =>
  MCP_TOOL_NAME.test(name) ? null : 'has a name that no tool of an MCP server can have';

const faultOfAddress = (text: string | undefined, allowPrivate: boolean): string | null => {
  if (text === undefined) return null;
  const fault = faultOfUrl(text, allowPrivate);
  if (fault !== null || allowPrivate) return fault;
  const host = hostOf(new URL(text));
  const isPrivate = isIP(host) === 0 ? isLoopback(host) : !isPublic(host);
  return isPrivate ? 'points to an address that is not public; TOOLS_ALLOW_PRIVATE=yes allows it' : null;
};

/** A member of the file, and what is wrong with it; null: nothing. */
type Finding = readonly [member: string, fault: string | null];

/** What is wrong with the names and addresses of tools and servers, and with the environment variables that they name. */
export const faultsOfTools = (
  { tools, mcp_servers: servers }: ToolsOutline,
  environment: Environment,
  allowPrivate: boolean,
): string[] => {
  const faults: Finding[] = [
    ...Object.entries(tools).flatMap(([name, { url, secret_env: secret }]): Finding[] => [
      [`tools.${name}`, faultOfToolName(name)],
      [`tools.${name}.url`, faultOfAddress(url, allowPrivate)],
      [`tools.${name}.secret_env`, faultOfVariable(environment, secret, faultOfSecret)],
    ]),
    ...Object.entries(servers).flatMap(([name, { url, headers_env: headers, tools: byTool }]): Finding[] => [
      [`mcp_servers.${name}`, faultOfName(name)],
      ...Object.keys(byTool).map((tool): Finding => [`mcp_servers.${name}.tools.${tool}`, faultOfMcpToolName(tool)]),
      [`mcp_servers.${name}.url`, faultOfAddress(url, allowPrivate)],
      [
        `mcp_servers.${name}.headers_env`,
        faultOfVariable(environment, headers, (value) => headersIn(value).fault ?? null),
      ],
    ]),
  ];
  return faults.flatMap(([member, fault]) => (fault === null ? [] : [`${member}: ${fault}`]));
};
