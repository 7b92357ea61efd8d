// Package servers starts the real servers that the integration tests run
// against, each by one call from a test:
//
//	mock := servers.StripeMock(t)          // mock.URL
//	toxics := servers.Toxiproxy(t)         // its API client
//	issuer := servers.OIDCProvider(t)      // issuer.URL
//	dsn := servers.Postgres(t)
//
// A server listens on a free loopback port, is ready when the call returns,
// and is stopped, by the process that was started and its children, when the
// test ends. What it printed is shown if the test fails. [Node] and [GoTool]
// start anything else that package.json or the tool lines of go.mod name.
//
// Where a tool is not installed the test is skipped with the reason; with CI
// or STANDPIPE_INTEGRATION=required in the environment it fails instead, since
// there everything can be installed. `make integration` installs it all.
package servers
