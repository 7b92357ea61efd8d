package onredis

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/standpipe-go/standpipe/session"
)

// LoggedOut is a [session.Revocation] that all processes share which ask the same Redis:
// which sessions have been logged out, such as by Auth0's back-channel logout tokens.
// Have the webhook handler for those call Add. It is safe for concurrent use.
//
// Where Redis is away, or does not respond within the timeout, Revoked fails, and the
// request is answered with 503: whether the session has ended cannot be found out.
type LoggedOut struct {
	rdb     redis.UniversalClient
	prefix  string
	keep    time.Duration
	timeout time.Duration
}

// LoggedOutConfig adapts a [LoggedOut].
type LoggedOutConfig struct {
	// Keep is how long a log-out is remembered, at least a millisecond: it must be the
	// longest lifetime of a token at least; later the tokens have expired by themselves.
	Keep time.Duration
	// Prefix begins the names of the keys in Redis; empty is [DefaultPrefix].
	Prefix string
	// Timeout is how long Redis may take to respond; 0 is one second.
	Timeout time.Duration
}

// NewLoggedOut returns the list in rdb, which stays the caller's to close. It makes no
// call.
func NewLoggedOut(rdb redis.UniversalClient, cfg LoggedOutConfig) (*LoggedOut, error) {
	switch {
	case rdb == nil:
		return nil, errors.New("onredis: logged-out sessions: the Redis client is nil")
	case cfg.Keep < time.Millisecond || cfg.Timeout < 0:
		return nil, errors.New("onredis: logged-out sessions: the time to keep is below a millisecond, or the timeout negative")
	case strings.ContainsAny(cfg.Prefix, "{}"):
		return nil, errors.New("onredis: logged-out sessions: the prefix holds a brace")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Second
	}
	return &LoggedOut{rdb, prefixOf(cfg.Prefix), cfg.Keep, cfg.Timeout}, nil
}

var (
	//go:embed logout.lua
	logoutText   string
	logoutScript = redis.NewScript(logoutText)
)

// Add records what a logout token says (OpenID Connect Back-Channel Logout 1.0 section
// 2.4): "iss", and "sid" or "sub". With a sid that session has ended, with a sub alone
// all sessions of the user whose tokens were issued, or who signed in, up to now, by the
// clock of Redis.
func (l *LoggedOut) Add(ctx context.Context, issuer, sid, subject string) error {
	if issuer == "" || sid == "" && subject == "" {
		return errors.New("onredis: log out: no issuer, or neither session ID nor subject")
	}
	name := l.session(issuer, sid)
	if sid == "" {
		name = l.subject(issuer, subject)
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	if err := logoutScript.Run(ctx, l.rdb, []string{name}, "add", l.keep.Milliseconds()).Err(); err != nil {
		return fmt.Errorf("onredis: log out: %w", because(ctx, err))
	}
	return nil
}

// Revoked implements [session.Revocation].
func (l *LoggedOut) Revoked(ctx context.Context, s *session.Session) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	if s.ID != "" {
		if _, ok, err := l.at(ctx, l.session(s.Issuer, s.ID)); ok || err != nil {
			return ok, err
		}
	}
	at, ok, err := l.at(ctx, l.subject(s.Issuer, s.Subject))
	if !ok || err != nil {
		return false, err
	}
	// A token issued after the log-out may still belong to the session that ended; the
	// time of signing in tells, where the token has it.
	began := s.AuthTime
	if began.IsZero() {
		began = s.IssuedAt
	}
	return !began.After(at), nil
}

// at returns when the log-out was. It asks by a script, which goes to the primary: a
// replica that lags would let the session go on.
func (l *LoggedOut) at(ctx context.Context, name string) (at time.Time, ok bool, err error) {
	text, err := logoutScript.Run(ctx, l.rdb, []string{name}, "get").Text()
	switch {
	case err != nil:
		return at, false, fmt.Errorf("onredis: logged-out sessions: %w", because(ctx, err))
	case text == "":
		return at, false, nil
	}
	micros, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return at, false, errors.New("onredis: logged-out sessions: what is stored is no time")
	}
	return time.UnixMicro(micros), true, nil
}

func (l *LoggedOut) session(issuer, sid string) string {
	return l.prefix + ":logout:" + digest("sid", issuer, sid, nil, 0)
}

func (l *LoggedOut) subject(issuer, subject string) string {
	return l.prefix + ":logout:" + digest("sub", issuer, subject, nil, 0)
}
