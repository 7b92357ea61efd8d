package oauthflow

import (
	"context"
	"hash/maphash"
	"net"
	"time"

	"golang.org/x/oauth2"
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
	a, err := Loopback{}.address(registered)
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

// TokenOfEvicted is m.Token for a caller whose entry is evicted before it asks.
func TokenOfEvicted(ctx context.Context, m *Manager, key string) (*oauth2.Token, error) {
	e, err := m.entry(key)
	if err != nil {
		return nil, err
	}
	m.shardOf(key).drop(e)
	return m.token(ctx, e, "")
}

// Evict drops the entry of key if it may be, while something else uses it or not, and
// reports whether it is gone.
func Evict(m *Manager, key string, inUse bool) bool {
	s := m.shardOf(key)
	e := s.entries[key]
	if inUse {
		e.mu.Lock()
		defer e.mu.Unlock()
		s.makeRoom(time.Now().Add(2*maxIdle), 1)
	}
	s.drop(e)
	return s.entries[key] == nil
}

func (m *Manager) shardOf(key string) *shard {
	return &m.shards[maphash.String(m.seed, key)%shardCount]
}

// MakeRoom makes room in the shard of key as for one more than limit at the given
// time from now, and returns how many it holds then.
func MakeRoom(m *Manager, key string, in time.Duration, limit int) int {
	s := m.shardOf(key)
	s.makeRoom(time.Now().Add(in), limit)
	return len(s.entries)
}
