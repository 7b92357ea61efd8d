// Package cloud holds the tests of on/cloud against what its makers did not write: an
// emulator of AWS, and the official SDKs of AWS and Google, whose requests are held to
// ours.
package cloud
