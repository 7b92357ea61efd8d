// Package providers holds what the adapters send to what the vendors' SDKs send, and to
// the vendors' descriptions of their APIs.
package providers
