// @copilotkit/aimock's llmock, an OpenAI that generates what its fixtures say and fails as it is told to.
//
// A fixture whose metadata has "breaksAfter" breaks the server's own handler after so many events: what the stream then
// says of it is llmock's. All other faults are fields of a fixture, or x-aimock-chaos-* headers of a request.
//
// Environment: PORT, API_KEY, FIXTURES (a file). Prints "READY <base URL>" once it listens.
import { readFileSync } from 'node:fs';
import { LLMock } from '@copilotkit/aimock';

const mock = new LLMock({
  host: '127.0.0.1',
  port: Number(process.env.PORT || 0),
  logLevel: 'warn',
  auth: { apiKeys: [process.env.API_KEY] },
});
mock.addFixturesFromJSON(readFileSync(process.env.FIXTURES, 'utf8'));
for (const fixture of mock.getFixtures()) {
  if (fixture.metadata?.breaksAfter) {
    // No array: it is asked for its average once the delays are used up.
    fixture.recordedTimings = { ttftMs: 0, interChunkDelaysMs: { length: fixture.metadata.breaksAfter - 1 } };
  }
}
console.log(`READY ${await mock.start()}`);
