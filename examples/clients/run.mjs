// Runs clients of OpenAI's API from the registries, unchanged, against turnkeeper, and prints which steps work.
// Usage: node examples/clients/run.mjs [word …]: all clients, or those whose name contains one of the words
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from '../../scripts/prepare.mjs';
import { isGood, MESSAGES, outcomesOf, STEPS } from './checks.mjs';
import { CLIENTS } from './clients.mjs';
import { installClients } from './install.mjs';
import { MODEL, startModel } from './model.mjs';
import { keyOf, startTurnkeeper } from './turnkeeper.mjs';

const CLIENT_MS = 180_000;
/** Without these settings litellm reads prices from the network, and gradio reports its use. */
const OFFLINE = { LITELLM_LOCAL_MODEL_COST_MAP: 'True', GRADIO_ANALYTICS_ENABLED: 'False', HF_HUB_OFFLINE: '1' };
const DIRECT = { NO_PROXY: '127.0.0.1,localhost', no_proxy: '127.0.0.1,localhost' };

const REGISTRIES = { node: 'npm', python: 'PyPI' };
const nameOf = ({ packages, language, packagesOf = language, api }) =>
  `${packages.join(' + ')} (${REGISTRIES[packagesOf]}), ${api}`;
const userOf = (client) => `client-${CLIENTS.indexOf(client) + 1}`;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopping.abort());

/** Runs a command to its end, or until this process is stopped. Returns its output. */
function outputOf(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: CLIENT_MS,
      signal: stopping.signal,
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].on('data', (data) => (output[name] += data));
    child.once('error', (error) => resolve({ ...output, stderr: error.message }));
    child.once('close', () => resolve(output));
  });
}

/** The version of an installed package. */
async function versionOf(name, registry, { folders, programs }) {
  if (registry === 'node')
    return JSON.parse(readFileSync(join(folders.node, 'node_modules', name, 'package.json'), 'utf8')).version;
  const code = 'import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))';
  return (await outputOf(programs.python, ['-c', code, name], process.env)).stdout.trim();
}

/** Runs the script of a client. Returns the outcome of each step, and what the script wrote to stderr. */
async function runClient(client, installed, { url, model }) {
  const { language, script, api } = client;
  const { folders, programs } = installed;
  const run = {
    baseUrl: `${url}/v1`,
    apiKey: keyOf(userOf(client)),
    model: 'turnkeeper',
    api,
    messages: MESSAGES,
    python: programs.python,
    pythonFolder: folders.python,
  };
  const env = { ...process.env, ...OFFLINE, ...DIRECT, CLIENT_RUN: JSON.stringify(run) };
  const { stdout, stderr } = await outputOf(programs[language], [join(folders[language], script)], env);
  const lines = stdout.split('\n').filter((line) => line.startsWith('{"step"'));
  return {
    outcomes: outcomesOf(
      client,
      lines.map((line) => JSON.parse(line)),
      model.takePrompts(),
    ),
    stderr,
  };
}

/** Runs the clients one after the other and prints the outcomes of each as soon as they are known. Returns the table. */
async function runAll(clients, installed, servers) {
  const table = [];
  for (const client of clients) {
    if (stopping.signal.aborted) break;
    const { packagesOf = client.language } = client;
    const versions = await Promise.all(client.packages.map((name) => versionOf(name, packagesOf, installed)));
    const { outcomes, stderr } = await runClient(client, installed, servers);
    const failed = Object.entries(outcomes).filter(([, outcome]) => !isGood(outcome));
    console.log(`${failed.length === 0 ? 'ok    ' : 'FAILED'} ${nameOf(client)} ${versions.join(' + ')}`);
    for (const [step, outcome] of failed) console.log(`         ${STEPS[step].title}: ${outcome}`);
    if (failed.length > 0) console.log(stderr.trimEnd().replace(/^/gm, '         '));
    table.push({ name: nameOf(client), version: versions.join(' + '), outcomes });
  }
  return table;
}

function print(table) {
  const titles = Object.values(STEPS).map(({ title }) => title);
  console.log(`\n| client | version | ${titles.join(' | ')} |\n|${' --- |'.repeat(titles.length + 2)}`);
  for (const { name, version, outcomes } of table) {
    const cells = Object.values(outcomes).map((outcome) => (isGood(outcome) ? outcome : 'FAILED'));
    console.log(`| ${name} | ${version} | ${cells.join(' | ')} |`);
  }
}

const words = process.argv.slice(2);
const clients = CLIENTS.filter((client) => words.length === 0 || words.some((word) => nameOf(client).includes(word)));
if (clients.length === 0) throw new Error(`no client has one of these words in its name: ${words.join(', ')}`);
const node = await prepare();
const folders = { node: await installClients('node'), python: await installClients('python') };
const installed = { folders, programs: { node, python: join(folders.python, 'bin/python') } };
const model = await startModel();
try {
  const users = CLIENTS.map(userOf);
  const turnkeeper = await startTurnkeeper({ node, users, modelUrl: model.baseUrl, model: MODEL });
  try {
    const table = await runAll(clients, installed, { url: turnkeeper.url, model });
    print(table);
    if (table.length < clients.length) console.log('\nStopped before all clients had run.');
    const failures = table.filter(({ outcomes }) => !Object.values(outcomes).every(isGood));
    console.log(`\n${table.length - failures.length} clients passed, ${failures.length} failed`);
    process.exitCode = failures.length === 0 && table.length === clients.length ? 0 : 1;
  } finally {
    await turnkeeper.stop();
  }
} finally {
  model.stop();
}
