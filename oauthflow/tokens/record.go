package tokens

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/exactjson"
)

// recordFormat is the first member of every record. A process refuses a format
// that is newer than it knows, rather than drop what it does not understand.
const recordFormat = 1

// tokenState is the content of a [Record]: a token, and how far a refresh of it
// has come. Both are in one record, so that a mark always speaks of the refresh
// token beside it. Values are not changed once shared.
type tokenState struct {
	Format    int            `json:"format"`
	Access    string         `json:"access_token,omitempty"`
	Type      string         `json:"token_type,omitempty"`
	Refresh   string         `json:"refresh_token,omitempty"`
	Expiry    time.Time      `json:"expiry,omitzero"`   // zero: does not expire by itself
	Obtained  time.Time      `json:"obtained,omitzero"` // when the token was put or refreshed
	Put       string         `json:"put,omitempty"`     // names the Put that it comes from
	Extra     map[string]any `json:"extra,omitempty"`
	Refreshes int            `json:"refreshes,omitempty"` // since Put
	Attempt   *refreshMark   `json:"refresh,omitempty"`   // nil: the last refresh succeeded
	Dead      *deathMark     `json:"dead,omitempty"`      // nil: the refresh token is not known to be dead

	version int64
}

// refreshMark says that a refresh is in flight, or that the last one failed.
type refreshMark struct {
	// Owner names the refresh that is in flight, and is empty when none is.
	Owner string `json:"owner,omitempty"`

	// First is when the first refresh since the last success began.
	First time.Time `json:"first"`

	// Beat is the last heartbeat of Owner.
	Beat time.Time `json:"beat"`

	// Failed counts refreshes since the last success, without the one in flight.
	Failed int `json:"failed,omitempty"`

	// Unanswered counts those of them that may have reached the server and had
	// no usable response.
	Unanswered int `json:"unanswered,omitempty"`

	// NotBefore is the end of the pause after a failure.
	NotBefore time.Time `json:"not_before,omitzero"`

	// Reason is the last failure, without secrets.
	Reason string `json:"reason,omitempty"`
}

// deathMark says that only the user can bring this token back.
type deathMark struct {
	At         time.Time `json:"at"`
	Code       string    `json:"code,omitempty"`
	Unanswered int       `json:"unanswered,omitempty"`
}

func newState(tok *oauth2.Token, now time.Time, extra []string) *tokenState {
	st := &tokenState{
		Format: recordFormat,
		Access: tok.AccessToken, Type: tok.TokenType, Refresh: tok.RefreshToken,
		Expiry: tok.Expiry.Round(0), Obtained: now.Round(0),
	}
	for _, name := range extra {
		if v := tok.Extra(name); v != nil && v != "" {
			st.set(name, v)
		}
	}
	return st
}

func (s *tokenState) set(name string, v any) {
	if s.Extra == nil {
		s.Extra = make(map[string]any)
	}
	s.Extra[name] = v
}

// succeeded returns the state after a refresh that gave tok.
func (s *tokenState) succeeded(tok *oauth2.Token, now time.Time, extra []string) *tokenState {
	next := newState(tok, now, extra)
	if next.Refresh == "" { // RFC 6749 section 6: the server may leave it as it is
		next.Refresh = s.Refresh
	}
	for name, v := range s.Extra {
		if _, ok := next.Extra[name]; !ok {
			next.set(name, v)
		}
	}
	next.Put, next.Refreshes, next.version = s.Put, s.Refreshes+1, s.version
	return next
}

// gone reports whether this is what is left of a token that was deleted in a store
// which cannot delete by version.
func (s *tokenState) gone() bool {
	return s.Access == "" && s.Refresh == "" && s.Attempt == nil && s.Dead != nil
}

// sameToken reports whether both are from the same Put or refresh.
func (s *tokenState) sameToken(other *tokenState) bool {
	return s.Access == other.Access && s.Refresh == other.Refresh && s.Obtained.Equal(other.Obtained)
}

// clone returns a copy whose marks can be changed.
func (s *tokenState) clone() *tokenState {
	c := *s
	if s.Attempt != nil {
		c.Attempt = new(*s.Attempt)
	}
	return &c
}

// token returns the token. It has no refresh token unless whole is set.
func (s *tokenState) token(whole bool) *oauth2.Token {
	tok := &oauth2.Token{AccessToken: s.Access, TokenType: s.Type, Expiry: s.Expiry}
	if whole {
		tok.RefreshToken = s.Refresh
	}
	return tok.WithExtra(maps.Clone(s.Extra))
}

// alive reports whether the access token can still be handed out.
func (s *tokenState) alive(now time.Time) bool {
	return s.Access != "" && (s.Expiry.IsZero() || now.Before(s.Expiry))
}

// maxEarly and earlyShare bound how long before its end a token counts as stale.
const (
	maxEarly   = time.Minute
	earlyShare = 10
)

// early returns min(60 s, 10 % of the lifetime).
func (s *tokenState) early() time.Duration {
	return max(0, min(maxEarly, s.Expiry.Sub(s.Obtained)/earlyShare))
}

// newJitter returns the share of the early expiry that one process uses for one
// token: less by up to a fifth, so that processes and users spread out.
func newJitter() float64 { return 1 - rand.Float64()/5 }

// staleAt returns from when on the token should be refreshed; the zero time
// stands for never.
func (s *tokenState) staleAt(jitter float64) time.Time {
	return s.Expiry.Add(-time.Duration(jitter * float64(s.early())))
}

// stale reports whether the token should be refreshed.
func (s *tokenState) stale(now time.Time, jitter float64) bool {
	return s.Access == "" || !s.Expiry.IsZero() && !now.Before(s.staleAt(jitter))
}

func (s *tokenState) encode() ([]byte, error) {
	data, err := json.Marshal(s)
	if err != nil { // only an odd value in Extra can do that
		return nil, fmt.Errorf("the token's extra members cannot be stored: %T", err)
	}
	return data, nil
}

// decodeState reads a record, in which numbers keep their digits.
func decodeState(r Record) (*tokenState, error) {
	st := &tokenState{}
	if !exactjson.Unmarshal(r.Data, st) {
		return nil, fmt.Errorf("%w: it is not a token record", ErrCorrupt)
	}
	exactjson.Floats(st.Extra)
	switch {
	case st.Format != recordFormat:
		return nil, fmt.Errorf("%w: its format is %d, and %d is the one known here", ErrCorrupt, st.Format, recordFormat)
	case st.Access == "" && st.Refresh == "" && st.Attempt == nil && st.Dead == nil:
		return nil, fmt.Errorf("%w: it holds no token", ErrCorrupt)
	case r.Version == 0:
		return nil, fmt.Errorf("%w: it has no version", ErrCorrupt)
	}
	if a := st.Attempt; a != nil && (a.Failed < 0 || a.Unanswered < 0) {
		return nil, fmt.Errorf("%w: it counts below zero", ErrCorrupt)
	}
	st.version = r.Version
	return st, nil
}
