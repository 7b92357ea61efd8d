// Package clienttest stands in for a service in tests: a server, or a transport
// without a network, that follows a script of responses and faults and records
// what it saw.
//
// Most callers should use [NewServer] and point the client under test at its
// URL:
//
//	srv := clienttest.NewServer(t,
//		clienttest.Status(429).Header("Retry-After", "2"),
//		clienttest.Reset(),
//		clienttest.JSON(200, `{"id":"cus_1"}`))
//
// Use [NewTransport] under testing/synctest, where time is virtual and there is
// no network, and where thousands of calls are made. [Parse] reads the script
// from one line of text, "429 Retry-After=2, reset, 200 {}", for table tests.
//
// A script is followed step by step, one step a request, and its last step goes
// on for ever. Everything is safe for concurrent use and under t.Parallel.
package clienttest
