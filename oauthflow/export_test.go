package oauthflow

import (
	"context"
	"net"
)

// Challenge is what Begin sends for a verifier.
func Challenge(verifier string) string { return challenge(verifier) }

// ParseParams is the reader of token responses.
var ParseParams = parseParams

// ParseMetadata is the reader of discovery documents.
var ParseMetadata = parseMetadata

// IsLocalPath decides what WithReturnTo takes.
var IsLocalPath = isLocalPath

// SealFor seals plaintext as c seals the attempt with this state.
func SealFor(c *Client, state string, plaintext []byte) (string, error) {
	return c.cookies.seal(context.Background(), plaintext, c.attemptBinding(state))
}

// SameHost compares the Host of a request with that of the redirect URL.
var SameHost = sameHost

// LoopbackHosts are the addresses of localhost on a machine with these.
var LoopbackHosts = loopbackHosts

// LoopbackRedirect is the redirect URL sent by a listener at addr.
func LoopbackRedirect(registered, addr string) string {
	a, err := newLoopbackAddress(registered, "")
	if err != nil {
		return err.Error()
	}
	return a.redirectTo(addressed(addr)).String()
}

// addressed is a listener of which only the address is known.
type addressed string

func (a addressed) Network() string         { return "tcp" }
func (a addressed) String() string          { return string(a) }
func (a addressed) Addr() net.Addr          { return a }
func (addressed) Close() error              { return nil }
func (addressed) Accept() (net.Conn, error) { return nil, net.ErrClosed }
