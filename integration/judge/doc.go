// Package judge runs the test suites of official SDKs with their transport
// replaced by the stack: what their authors hold to be right is right for us.
// The suites are copied from the module cache into a temporary directory.
package judge
