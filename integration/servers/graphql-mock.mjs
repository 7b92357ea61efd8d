// A GraphQL server (npm graphql-yoga) over a service's own schema, for the tests of adapters: it refuses whatever the
// schema does not allow, and makes up what the schema promises (npm @graphql-tools/mock).
//
// Environment:
//   PORT    port on 127.0.0.1; default: a free one
//   SCHEMA  file of the schema
//   EXTEND  fields that the schema does not have yet, as "Type.field: Type", in lines; what it has is left alone
//   SCALARS JSON object: the value of each scalar by its name; default: its name
//
// Prints "READY <origin>" once it listens.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { addMocksToSchema } from '@graphql-tools/mock';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { isInputObjectType, isScalarType, specifiedScalarTypes } from 'graphql';
import { createYoga } from 'graphql-yoga';

const sdl = readFileSync(process.env.SCHEMA, 'utf8');
const given = makeExecutableSchema({ typeDefs: sdl });
const missing = (process.env.EXTEND ?? '').split('\n').filter(Boolean).map((line) => /^(\w+)\.(\w+): (.+)$/.exec(line))
  .filter(([, type, field]) => !(field in given.getType(type).getFields()))
  .map(([, type, field, of]) => `extend ${isInputObjectType(given.getType(type)) ? 'input' : 'type'} ${type} { ${field}: ${of} }`);
const schema = missing.length ? makeExecutableSchema({ typeDefs: [sdl, ...missing] }) : given;

const values = JSON.parse(process.env.SCALARS ?? '{}');
const own = Object.values(schema.getTypeMap()).filter((type) => isScalarType(type) && !specifiedScalarTypes.some(({ name }) => name === type.name));
const mocks = Object.fromEntries(own.map(({ name }) => [name, () => values[name] ?? name]));

const yoga = createYoga({ schema: addMocksToSchema({ schema, mocks }), graphqlEndpoint: '/graphql', logging: false, graphiql: false, maskedErrors: false });
const server = createServer(yoga);
server.listen(Number(process.env.PORT || 0), '127.0.0.1', () => console.log(`READY http://127.0.0.1:${server.address().port}`));
