// Prints a .env for compose.yml with new secrets:  node deploy/make-env.mjs > .env
// Plain JavaScript without dependencies: a machine that only runs Docker needs no `npm install` (docs/deploying.md).
import { createHash, randomBytes } from 'node:crypto';

// base64url contains no character that has a meaning in an .env file, a shell or a header.
const secret = () => randomBytes(32).toString('base64url');
const entry = (name, role, key) => `${name}:${role}:${createHash('sha256').update(key).digest('hex')}`;

const admin = secret();
console.log(`# Created by deploy/make-env.mjs. Contains secrets: do not commit it.
DAPR_API_TOKEN=${secret()}
APP_API_TOKEN=${secret()}
API_KEYS=${entry('admin', 'admin', admin)}

# The key of "admin", for Authorization: Bearer. Only its hash is needed above: move the key to your password store.
# ${admin}`);
