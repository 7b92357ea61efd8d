// A certified OpenID provider (npm oidc-provider) with every feature on, for the tests of oauthflow and session.
//
// Environment:
//   PORT         port on 127.0.0.1; default: a free one
//   AT_TTL       lifetime of access tokens in seconds; default 300
//   DPOP_NONCE   1: DPoP proofs must carry a server nonce
//   CLIENT_KEY   file to write the private JWK of the client svcjwt to
//
// Prints "READY <issuer>" once it listens. Sign in by POSTing to the interaction pages with any login.
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

async function keyPair(alg, kid) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const meta = { alg, kid, use: 'sig' };
  return { priv: { ...(await exportJWK(privateKey)), ...meta }, pub: { ...(await exportJWK(publicKey)), ...meta } };
}

const server = http.createServer();
await new Promise((listening) => server.listen(Number(process.env.PORT || 0), '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const signing = await Promise.all([keyPair('RS256', 'rs-1'), keyPair('ES256', 'es-1'), keyPair('Ed25519', 'ed-1')]);
const clientKey = await keyPair('ES256', 'client-key-1');

const web = {
  redirect_uris: ['http://127.0.0.1:9999/cb'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  scope: 'openid offline_access profile email',
};
const native = {
  ...web,
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/cb', 'http://localhost/cb'],
  token_endpoint_auth_method: 'none',
};
const service = {
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
  scope: 'api:read',
};

const provider = new Provider(issuer, {
  clients: [
    { ...web, client_id: 'web', client_secret: 'web-secret-web-secret-web-secret-1', token_endpoint_auth_method: 'client_secret_basic' },
    // Characters that the form encoding of RFC 6749 section 2.3.1 changes. Only VSCHAR may occur (appendix A.2): the
    // server refuses a secret with a letter beyond ASCII.
    { ...web, client_id: 'web post:odd%id', client_secret: 'p@ss:w+rd/ %&=~-secret', token_endpoint_auth_method: 'client_secret_basic' },
    { ...native, client_id: 'cli', grant_types: [...web.grant_types, 'urn:ietf:params:oauth:grant-type:device_code'] },
    { ...service, client_id: 'svc', client_secret: 'svc-secret-svc-secret-svc-secret-1', token_endpoint_auth_method: 'client_secret_basic' },
    {
      ...service,
      client_id: 'svcjwt',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [clientKey.pub] },
    },
    { ...native, client_id: 'dpop', dpop_bound_access_tokens: true },
    { ...web, client_id: 'par', client_secret: 'par-secret-par-secret-par-secret-1', require_pushed_authorization_requests: true },
  ],
  jwks: { keys: signing.map((k) => k.priv) },
  scopes: ['openid', 'offline_access', 'profile', 'email', 'api:read'],
  claims: { profile: ['name'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'client_secret_jwt', 'none'],
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => process.env.DPOP_NONCE === '1' },
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    jwtResponseModes: { enabled: true },
    requestObjects: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (_ctx, audience) => ({
        scope: 'api:read',
        audience,
        accessTokenTTL: 60,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
      useGrantedResource: () => true,
    },
  },
  ttl: { AccessToken: Number(process.env.AT_TTL || 300), RefreshToken: 3600 },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, name: `T ${id}`, email: `${id}@example.test`, email_verified: true }),
  }),
  cookies: { keys: ['k'] },
});
provider.on('server_error', (_ctx, err) => console.error('server_error', err));
server.on('request', provider.callback());

if (process.env.CLIENT_KEY) writeFileSync(process.env.CLIENT_KEY, JSON.stringify(clientKey.priv), { mode: 0o600 });
console.log(`READY ${issuer}`);
