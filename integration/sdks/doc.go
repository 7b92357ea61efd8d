// Package sdks says of official SDKs whose retries count, the SDK's own or the
// stack's: what a call survives over net/http alone it survives over the stack,
// and never both of them try again. testdata/retries.txt has what was counted.
package sdks
