// A certified OpenID provider (npm oidc-provider) that signs with several algorithms and whose keys can be changed
// while it runs, for the tests of package session.
//
// Clients: web-RS256, web-ES256 and web-EdDSA get ID tokens of that algorithm; svc gets access tokens for the
// resources urn:api:RS256, urn:api:ES256 and urn:api:EdDSA, signed with that algorithm. All secrets are SECRET.
//
// POST /-/rotate makes new keys, which sign from then on, and keeps publishing the old ones. POST /-/drop stops
// publishing all but the current ones.
//
// Prints "READY <issuer>" once it listens.
import http from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const SECRET = 'secret-secret-secret-secret-secret-1';
const algorithms = ['RS256', 'ES256', 'EdDSA'];

const server = http.createServer();
await new Promise((listening) => server.listen(Number(process.env.PORT || 0), '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

let generation = 0;
let keys = []; // newest first: the provider signs with the first that fits

async function rotate() {
  generation++;
  const fresh = await Promise.all(algorithms.map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg === 'EdDSA' ? 'Ed25519' : alg, { extractable: true });
    return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `${alg}-${generation}`, generation };
  }));
  keys = [...fresh, ...keys];
}

const common = { client_secret: SECRET, token_endpoint_auth_method: 'client_secret_basic' };
function build() {
  const provider = new Provider(issuer, {
    clients: [
      ...algorithms.map((alg) => ({
        ...common,
        client_id: `web-${alg}`,
        redirect_uris: ['http://127.0.0.1:9999/cb'],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        scope: 'openid',
        id_token_signed_response_alg: alg,
      })),
      { ...common, client_id: 'svc', redirect_uris: [], response_types: [], grant_types: ['client_credentials'], scope: 'api:read' },
    ],
    jwks: { keys: keys.map(({ generation: _, ...jwk }) => jwk) },
    scopes: ['openid', 'api:read'],
    pkce: { required: () => false },
    enabledJWA: { idTokenSigningAlgValues: algorithms },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        getResourceServerInfo: (_ctx, audience) => ({
          scope: 'api:read',
          audience,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: audience.split(':').at(-1) } },
        }),
      },
    },
    findAccount: (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    cookies: { keys: ['k'] },
  });
  provider.on('server_error', (_ctx, err) => console.error('server_error', err));
  return provider.callback();
}

let handle;
server.on('request', async (req, res) => {
  if (req.method !== 'POST' || !req.url.startsWith('/-/')) return handle(req, res);
  if (req.url === '/-/rotate') await rotate();
  if (req.url === '/-/drop') keys = keys.filter((k) => k.generation === generation);
  handle = build();
  res.end();
});
await rotate();
handle = build();
console.log(`READY ${issuer}`);
