// Package webhook_test holds this project's webhook code to the providers' own
// libraries, both ways: what package webhooktest signs, their verifiers accept;
// what their signers sign, package webhook accepts. Each pair sees 1,000 random
// bodies, and must refuse a body that was changed on the way.
package webhook_test
