// oauth2-mock-server with a token endpoint that misbehaves on demand, for the tests of oauthflow.
//
// A refresh token names the fault: "bad-gateway", "string-expiry", "fractional-expiry", "no-expiry", "error-in-200",
// "empty", "no-token". Any other refreshes as it should. The fault comes after the grant has been made.
//
// Environment: PORT. Prints "READY <issuer>" once it listens.
import { OAuth2Server } from 'oauth2-mock-server';

const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
await server.start(Number(process.env.PORT || 0), '127.0.0.1');

const faults = {
  'bad-gateway': (response) => {
    response.statusCode = 502;
    response.body = { message: 'upstream' };
  },
  'string-expiry': (response) => {
    response.body.expires_in = '3600';
  },
  'fractional-expiry': (response) => {
    response.body.expires_in = 3599.5;
  },
  'no-expiry': (response) => {
    delete response.body.expires_in;
  },
  'error-in-200': (response) => {
    response.body = { error: 'bad_refresh_token', error_description: 'The refresh token passed is incorrect or expired.' };
  },
  empty: (response) => {
    response.body = '';
  },
  'no-token': (response) => {
    delete response.body.access_token;
  },
};

server.service.on('beforeResponse', (response, request) => {
  faults[request.body.refresh_token]?.(response);
});

console.log(`READY ${server.issuer.url}`);
