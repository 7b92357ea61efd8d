// Package redis holds the tests of on/redis against a real Redis: several processes on
// one key, processes and servers that are killed, and the conformance suites.
package redis
