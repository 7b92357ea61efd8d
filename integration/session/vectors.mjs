// Writes session/testdata/vectors.json: tokens made with the cryptography of
// Node.js and a JSON writer of their own, so that nothing of the code under test
// has a part in them. Run it again only to add cases: keys are new each time.
//
//	node session/vectors.mjs > ../session/testdata/vectors.json
import crypto from 'node:crypto';

const now = 1800000000;
const b64 = (x) => Buffer.from(x).toString('base64url');
const rsa = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = crypto.generateKeyPairSync('ed25519');
const jwk = (k, kid, alg, more) => ({ ...k.publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig', ...more });
const sets = {
  usual: { keys: [jwk(rsa, 'rs', 'RS256'), jwk(ec, 'es', 'ES256'), jwk(ed, 'ed', 'EdDSA')] },
  one: { keys: [jwk(rsa, 'rs', 'RS256')] },
  weak: { keys: [jwk(weak, 'rs', 'RS256')] },
  enc: { keys: [jwk(rsa, 'rs', 'RS256', { use: 'enc' })] },
  ops: { keys: [{ ...jwk(rsa, 'rs', 'RS256'), use: undefined, key_ops: ['encrypt'] }] },
  ps: { keys: [jwk(rsa, 'rs', 'PS256')] },
  unknown: { keys: [{ kty: 'AKP', kid: 'pq', alg: 'ML-DSA-44', pub: 'AAAA' }, jwk(rsa, 'rs', 'RS256')] },
  ed25519: { keys: [jwk(ed, 'ed', 'Ed25519')] },
};
const sign = (alg, input, key) => {
  const data = Buffer.from(input);
  switch (alg) {
    case 'ES256': return crypto.sign('sha256', data, { key: (key ?? ec).privateKey, dsaEncoding: 'ieee-p1363' });
    case 'EdDSA': case 'Ed25519': return crypto.sign(null, data, (key ?? ed).privateKey);
    case 'PS256': return crypto.sign('sha256', data, { key: (key ?? rsa).privateKey, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
    case 'HS256': return crypto.createHmac('sha256', key).update(data).digest();
    default: return crypto.sign('sha256', data, (key ?? rsa).privateKey);
  }
};
const kids = { RS256: 'rs', ES256: 'es', EdDSA: 'ed', Ed25519: 'ed', PS256: 'rs' };
// token signs a payload, given as an object or as text.
const token = (claims, { alg = 'RS256', header = {}, key, headerText, as } = {}) => {
  const h = headerText ?? JSON.stringify({ alg, kid: kids[alg], typ: 'JWT', ...header });
  const input = b64(h) + '.' + b64(typeof claims === 'string' ? claims : JSON.stringify(claims));
  return input + '.' + sign(as ?? alg, input, key).toString('base64url');
};
const profiles = {
  oidc: { issuer: 'https://issuer.example/', audience: 'client-1', claims: { iss: 'https://issuer.example/', aud: 'client-1', sub: 'u1', iat: now, exp: now + 3600 } },
  'access-token': { issuer: 'https://issuer.example/', audience: 'https://api.example', header: { typ: 'at+jwt' },
    claims: { iss: 'https://issuer.example/', aud: 'https://api.example', sub: 'u1', client_id: 'client-1', jti: 'j', iat: now, exp: now + 3600, scope: 'a b' } },
  clerk: { issuer: 'https://clerk.example.com', audience: '', authorized_parties: ['https://app.example.com'],
    claims: { iss: 'https://clerk.example.com', sub: 'user_1', sid: 'sess_1', azp: 'https://app.example.com', iat: now, nbf: now - 10, exp: now + 60, v: 2, sts: 'active', fva: [1, -1] } },
  auth0: { issuer: 'https://tenant.us.auth0.com/', audience: 'https://api.example',
    claims: { iss: 'https://tenant.us.auth0.com/', sub: 'auth0|1', aud: ['https://api.example', 'https://tenant.us.auth0.com/userinfo'], iat: now, exp: now + 3600, azp: 'c', scope: 'openid', permissions: ['read:x'] } },
  firebase: { issuer: 'https://securetoken.google.com/demo', audience: 'demo',
    claims: { iss: 'https://securetoken.google.com/demo', aud: 'demo', sub: 'u1', user_id: 'u1', iat: now, exp: now + 3600, auth_time: now - 60, firebase: { sign_in_provider: 'password' } } },
  'firebase-cookie': { issuer: 'https://session.firebase.google.com/demo', audience: 'demo',
    claims: { iss: 'https://session.firebase.google.com/demo', aud: 'demo', sub: 'u1', user_id: 'u1', iat: now, exp: now + 3600, auth_time: now - 60, firebase: { sign_in_provider: 'password' } } },
};
const cases = [];
const add = (id, profile, raw, valid, why, set = 'usual') => {
  const { issuer, audience, authorized_parties = [] } = profiles[profile];
  cases.push({ id, profile, issuer, audience, authorized_parties, jwks: sets[set], token: raw, now, valid, why });
};
const without = (o, name) => Object.fromEntries(Object.entries(o).filter(([k]) => k !== name));
for (const [name, p] of Object.entries(profiles)) {
  const c = p.claims, o = { header: p.header };
  const change = (id, more, valid, why) => add(`${name}-${id}`, name, token({ ...c, ...more }, o), valid, why);
  add(`${name}-good`, name, token(c, o), true, 'as the provider makes it');
  for (const claim of ['iss', 'sub', 'exp']) add(`${name}-without-${claim}`, name, token(without(c, claim), o), false, `${claim} is required`);
  change('expired', { exp: now - 1 }, false, 'exp has passed');
  change('expires-now', { exp: now }, false, 'on or after exp (RFC 7519 section 4.1.4)');
  change('exp-fraction', { exp: now + 10.5 }, true, 'a NumericDate may have a fraction');
  change('exp-string', { exp: String(now + 60) }, false, 'not a number');
  change('exp-null', { exp: null }, false, 'not a number');
  change('exp-huge', { exp: 1e300 }, false, 'no such time');
  change('exp-negative', { exp: -1 }, false, 'no such time');
  change('nbf-future', { nbf: now + 600 }, false, 'not yet valid');
  change('iat-future', { iat: now + 600 }, false, 'issued in the future');
  change('sub-empty', { sub: '' }, false, 'nobody');
  change('sub-number', { sub: 1 }, false, 'not a string');
  change('other-issuer', { iss: 'https://evil.example/' }, false, 'issuer');
  change('issuer-slash', { iss: c.iss.endsWith('/') ? c.iss.slice(0, -1) : c.iss + '/' }, false, 'compared exactly');
  change('unknown-claim', { 'https://x.example/role': 'a', SUB: 'admin' }, true, 'other claims do not matter');
  if (name !== 'clerk') {
    change('other-audience', { aud: 'other' }, false, 'audience');
    add(`${name}-without-aud`, name, token(without(c, 'aud'), o), false, 'audience is required');
  }
  add(`${name}-SUB`, name, token({ ...without(c, 'sub'), SUB: c.sub }, o), false, 'names are case-sensitive');
  add(`${name}-duplicate`, name, token(JSON.stringify(c).slice(0, -1) + ',"sub":"admin"}', o), false, 'duplicate claim');
  add(`${name}-duplicate-escaped`, name, token(JSON.stringify(c).slice(0, -1) + ',"\\u0073ub":"admin"}', o), false, 'duplicate claim behind an escape');
  add(`${name}-trailing`, name, token(JSON.stringify(c) + '{}', o), false, 'text after the object');
  for (const typ of ['logout+jwt', 'dpop+jwt', 'secevent+jwt']) add(`${name}-typ-${typ}`, name, token(c, { header: { typ } }), false, 'another kind of token');
  add(`${name}-typ-at+jwt`, name, token(c, { header: { typ: 'at+jwt' } }), name === 'access-token' || name === 'auth0', 'access tokens');
  if (name !== 'access-token') add(`${name}-no-typ`, name, token(c, { header: { typ: undefined } }), true, 'typ is optional here');
  change('logout-event', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, false, 'a logout token without its typ');
  add(`${name}-other-key`, name, token(c, { ...o, key: other }), false, 'signed by somebody else');
  add(`${name}-unknown-kid`, name, token(c, { header: { ...o.header, kid: 'x' } }), false, 'no such key');
}
{
  const c = profiles.oidc.claims, J = JSON.stringify(c);
  const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' });
  for (const alg of ['ES256', 'EdDSA', 'Ed25519']) add(`oidc-${alg}`, 'oidc', token(c, { alg }), true, 'algorithm of the key');
  add('oidc-Ed25519-key', 'oidc', token(c, { alg: 'EdDSA' }), true, 'EdDSA and Ed25519 are the same (RFC 9864)', 'ed25519');
  add('oidc-none', 'oidc', b64('{"alg":"none"}') + '.' + b64(J) + '.', false, 'unsigned');
  add('oidc-none-kid', 'oidc', b64('{"alg":"none","kid":"rs"}') + '.' + b64(J) + '.AA', false, 'unsigned');
  add('oidc-HS256-public-key', 'oidc', token(c, { alg: 'HS256', key: pem, header: { kid: 'rs' } }), false, 'a public key is no secret');
  add('oidc-alg-of-another', 'oidc', token(c, { alg: 'PS256' }), false, 'the key says RS256');
  add('oidc-key-says-PS256', 'oidc', token(c), false, 'the key says PS256', 'ps');
  add('oidc-header-says-ES256', 'oidc', token(c, { header: { alg: 'ES256' } }), false, 'header and key differ');
  add('oidc-crit', 'oidc', token(c, { header: { crit: ['exp'], exp: 1 } }), false, 'crit is not understood');
  add('oidc-crit-empty', 'oidc', token(c, { header: { crit: [] } }), false, 'an empty crit');
  add('oidc-b64', 'oidc', token(c, { header: { b64: false } }), false, 'b64');
  add('oidc-zip', 'oidc', token(c, { header: { zip: 'DEF' } }), false, 'zip');
  add('oidc-jwk-in-header', 'oidc', token(c, { key: other, header: { jwk: other.publicKey.export({ format: 'jwk' }) } }), false, 'a key that came with the token');
  add('oidc-jwk-ignored', 'oidc', token(c, { header: { jku: 'https://evil.example/', jwk: other.publicKey.export({ format: 'jwk' }) } }), true, 'ignored, the issuer key verifies');
  add('oidc-duplicate-alg', 'oidc', token(c, { headerText: '{"alg":"RS256","kid":"rs","alg":"RS256"}' }), false, 'duplicate header');
  add('oidc-ALG', 'oidc', token(c, { headerText: '{"ALG":"RS256","kid":"rs"}' }), false, 'names are case-sensitive');
  add('oidc-header-spaces', 'oidc', token(c, { headerText: ' { "alg" : "RS256" ,\r\n "kid" : "rs" } ' }), true, 'white space in JSON');
  add('oidc-no-kid', 'oidc', token(c, { header: { kid: undefined } }), false, 'several keys, no kid');
  add('oidc-no-kid-one-key', 'oidc', token(c, { header: { kid: undefined } }), true, 'one key, no kid', 'one');
  add('oidc-kid-path', 'oidc', token(c, { header: { kid: '../../rs' } }), false, 'kid is no path', 'one');
  add('oidc-kid-number', 'oidc', token(c, { header: { kid: 1 } }), false, 'kid is a string', 'one');
  add('oidc-weak-key', 'oidc', token(c, { key: weak }), false, 'RSA under 2048 bits', 'weak');
  add('oidc-enc-key', 'oidc', token(c), false, 'use is enc', 'enc');
  add('oidc-key-ops', 'oidc', token(c), false, 'key_ops lacks verify', 'ops');
  add('oidc-unknown-key-type', 'oidc', token(c), true, 'an unknown key type does not void the set', 'unknown');
  const good = token(c), [h, p, s] = good.split('.');
  add('oidc-padding', 'oidc', good + '==', false, 'padding');
  add('oidc-newline', 'oidc', good + '\n', false, 'line break');
  add('oidc-CR-inside', 'oidc', h + '.' + p.slice(0, 4) + '\r' + p.slice(4) + '.' + s, false, 'line break');
  add('oidc-four-segments', 'oidc', good + '.', false, 'segments');
  add('oidc-two-segments', 'oidc', h + '.' + p, false, 'segments');
  add('oidc-empty', 'oidc', '', false, 'nothing');
  const tail = s.slice(0, -1) + String.fromCharCode(s.charCodeAt(s.length - 1) + 1);
  add('oidc-tail-bits', 'oidc', h + '.' + p + '.' + tail, false, 'non-zero bits in the tail of base64url');
  add('oidc-BOM', 'oidc', token('\ufeff' + J), false, 'byte order mark');
  const raw = Buffer.concat([Buffer.from(J.slice(0, -1) + ',"x":"'), Buffer.from([0xff]), Buffer.from('"}')]);
  const input = b64(JSON.stringify({ alg: 'RS256', kid: 'rs' })) + '.' + raw.toString('base64url');
  add('oidc-invalid-utf8', 'oidc', input + '.' + sign('RS256', input).toString('base64url'), false, 'invalid UTF-8');
  add('oidc-lone-surrogate', 'oidc', token(J.slice(0, -1) + ',"x":"\\ud800"}'), false, 'lone surrogate');
  add('oidc-duplicate-deep', 'oidc', token(J.slice(0, -1) + ',"x":{"a":[{"b":1,"b":2}]}}'), false, 'duplicate name inside a claim');
  add('oidc-too-large', 'oidc', token({ ...c, x: 'a'.repeat(16384) }), false, 'over 16 KiB');
  add('oidc-aud-list', 'oidc', token({ ...c, aud: ['other', 'client-1'] }), true, 'aud may be a list');
  add('oidc-ES256-zero', 'oidc', b64('{"alg":"ES256","kid":"es"}') + '.' + p + '.' + b64(Buffer.alloc(64)), false, 'r = s = 0');
}
{
  const c = profiles.clerk.claims, t = (more) => token({ ...c, ...more });
  add('clerk-azp-other', 'clerk', t({ azp: 'https://evil.example' }), false, 'azp is not in the list');
  for (const claim of ['azp', 'sid', 'nbf']) add(`clerk-without-${claim}`, 'clerk', token(without(c, claim)), false, `${claim} is required`);
  add('clerk-pending', 'clerk', t({ sts: 'pending' }), false, 'not signed in yet');
  add('clerk-v1', 'clerk', token({ ...without(without(c, 'v'), 'sts'), org_id: 'org_1', org_role: 'org:admin', org_permissions: [] }), true, 'version 1');
  add('clerk-v2-organization', 'clerk', t({ fea: 'o:a', o: { id: 'org_1', rol: 'admin', slg: 's', per: 'read', fpm: '1' } }), true, 'version 2 with an organization');
  const a = profiles.auth0.claims;
  add('auth0-nonce', 'auth0', token({ ...a, nonce: 'n' }), false, 'an ID token');
  add('auth0-aud-client', 'auth0', token({ ...a, aud: 'c' }), false, 'an ID token');
  add('auth0-aud-string', 'auth0', token({ ...a, aud: 'https://api.example' }), true, 'one audience');
  for (const name of ['firebase', 'firebase-cookie']) {
    const f = profiles[name].claims, other = profiles[name === 'firebase' ? 'firebase-cookie' : 'firebase'].claims;
    add(`${name}-of-the-other-kind`, name, token(other), false, 'cookies are no ID tokens and the reverse');
    add(`${name}-aud-list`, name, token({ ...f, aud: ['demo'] }), false, 'aud is a string');
    add(`${name}-no-kid`, name, token(f, { header: { kid: undefined } }), false, 'kid is required', 'one');
    add(`${name}-long-sub`, name, token({ ...f, sub: 'a'.repeat(129) }), false, 'sub has at most 128 characters');
    add(`${name}-sub-128`, name, token({ ...f, sub: 'a'.repeat(128) }), true, 'sub has at most 128 characters');
    add(`${name}-auth_time-future`, name, token({ ...f, auth_time: now + 600 }), false, 'auth_time is in the past');
    add(`${name}-ES256`, name, token(f, { alg: 'ES256' }), false, 'RS256 only');
    add(`${name}-emulator`, name, b64('{"alg":"none","typ":"JWT"}') + '.' + b64(JSON.stringify(f)) + '.', false, 'unsigned tokens of the emulator');
  }
  add('access-token-JWT', 'access-token', token(profiles['access-token'].claims), false, 'typ must be at+jwt');
  add('access-token-application', 'access-token', token(profiles['access-token'].claims, { header: { typ: 'application/at+jwt' } }), true, 'the full media type');
}
process.stdout.write(JSON.stringify({ source: 'made by integration/session/vectors.mjs with the cryptography of Node.js; Apache-2.0', cases }, null, 1) + '\n');
