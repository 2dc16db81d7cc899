// Prints a .env for compose.yml with fresh secrets:  node deploy/make-env.mjs > .env
// Plain JavaScript without dependencies: a machine that only runs Docker needs no `npm install` (see docs/deploying.md).
import { createHash, randomBytes } from 'node:crypto';

// base64url: nothing in it that an .env file, a shell or a header would read as something else.
const secret = () => randomBytes(32).toString('base64url');
const entry = (name, role, key) => `${name}:${role}:${createHash('sha256').update(key).digest('hex')}`;

const admin = secret();
console.log(`# Made by deploy/make-env.mjs. Secrets: keep it out of version control.
DAPR_API_TOKEN=${secret()}
APP_API_TOKEN=${secret()}
API_KEYS=${entry('admin', 'admin', admin)}

# The key of "admin", for Authorization: Bearer. Only its hash is needed above: move it to where you keep keys.
# ${admin}`);
