package onredis

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// TokenStore keeps OAuth tokens in Redis: it is a [tokens.Store], a VersionDeleter and
// a KeyLister. Make it with [NewTokenStore], wrap it with [tokens.Encrypt], and share it
// among any number of processes: a record changes only by compare-and-swap on its
// version, in one script call, so that a process that was stopped for too long is fenced
// off. It is immutable and safe for concurrent use.
//
// Where an authorization server gives a new refresh token with each use, a token that is
// lost signs the user out. So Redis must keep it: appendonly yes, appendfsync always,
// maxmemory-policy noeviction; and a failover loses what was not replicated yet. Where
// that is too much to ask, keep tokens in SQL (package sqlstore).
//
// All records are in one slot of a cluster, with the index that lists their keys.
type TokenStore struct {
	rdb    redis.UniversalClient
	prefix string
}

// NewTokenStore returns a store in rdb, which stays the caller's to close. The prefix
// begins the names of the keys in Redis; empty is [DefaultPrefix]. It makes no call.
func NewTokenStore(rdb redis.UniversalClient, prefix string) (*TokenStore, error) {
	switch {
	case rdb == nil:
		return nil, errors.New("onredis: token store: the Redis client is nil")
	case strings.ContainsAny(prefix, "{}"):
		return nil, errors.New("onredis: token store: the prefix holds a brace")
	}
	return &TokenStore{rdb, "{" + prefixOf(prefix) + ":tokens}"}, nil
}

var (
	//go:embed tokens.lua
	tokensText   string
	tokensScript = redis.NewScript(tokensText)
)

// run makes one call of the script. That goes to the primary also where the client
// reads from replicas: one that lags would show a refresh token that is already used.
func (s *TokenStore) run(ctx context.Context, key string, args ...any) ([]any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	got, err := tokensScript.Run(ctx, s.rdb, []string{s.prefix + ":r:" + key, s.prefix + ":keys"}, args...).Slice()
	if err != nil {
		return nil, because(ctx, err)
	}
	return got, nil
}

// Load implements [tokens.Store].
func (s *TokenStore) Load(ctx context.Context, key string) (tokens.Record, error) {
	got, err := s.run(ctx, key, "load")
	if err != nil {
		return tokens.Record{}, fmt.Errorf("onredis: load: %w", err)
	}
	if len(got) == 0 {
		return tokens.Record{}, fmt.Errorf("onredis: load: %w", tokens.ErrNotFound)
	}
	version, data, err := record(got)
	if err != nil {
		return tokens.Record{}, fmt.Errorf("onredis: load: %w", err)
	}
	return tokens.Record{Data: data, Version: version}, nil
}

func record(got []any) (version int64, data []byte, err error) {
	if len(got) == 2 {
		v, isText := got[0].(string)
		d, isData := got[1].(string)
		if version, err = strconv.ParseInt(v, 10, 64); isText && isData && err == nil {
			return version, []byte(d), nil
		}
	}
	return 0, nil, tokens.ErrCorrupt
}

// Save implements [tokens.Store].
func (s *TokenStore) Save(ctx context.Context, key string, r tokens.Record) (int64, error) {
	next := r.Version + 1
	if r.Version == 0 {
		next = firstVersion()
	}
	got, err := s.run(ctx, key, "save", strconv.FormatInt(r.Version, 10), strconv.FormatInt(next, 10), r.Data, key)
	switch {
	case err != nil:
		return 0, fmt.Errorf("onredis: save: %w", err)
	case len(got) == 0:
		return 0, fmt.Errorf("onredis: save: %w", tokens.ErrConflict)
	}
	return next, nil
}

// firstVersion is random, so that a record that is deleted and created again does not
// come back to a version that a slow process still has in hand.
func firstVersion() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return int64(binary.NativeEndian.Uint64(b[:])>>2) + 1
}

// Delete implements [tokens.Store].
func (s *TokenStore) Delete(ctx context.Context, key string) error {
	if _, err := s.run(ctx, key, "delete", "", key); err != nil {
		return fmt.Errorf("onredis: delete: %w", err)
	}
	return nil
}

// DeleteVersion implements [tokens.VersionDeleter].
func (s *TokenStore) DeleteVersion(ctx context.Context, key string, version int64) error {
	got, err := s.run(ctx, key, "delete", strconv.FormatInt(version, 10), key)
	switch {
	case err != nil:
		return fmt.Errorf("onredis: delete: %w", err)
	case len(got) == 0:
		return fmt.Errorf("onredis: delete: %w", tokens.ErrConflict)
	}
	return nil
}

// page is how many keys are read at a time.
const page = 500

// Keys implements [tokens.KeyLister].
func (s *TokenStore) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for from := "[" + prefix; ; {
			keys, err := s.page(ctx, from)
			if err != nil {
				yield("", fmt.Errorf("onredis: list keys: %w", err))
				return
			}
			for _, key := range keys {
				if !strings.HasPrefix(key, prefix) || !yield(key, nil) {
					return
				}
				from = "(" + key
			}
			if len(keys) < page {
				return
			}
		}
	}
}

func (s *TokenStore) page(ctx context.Context, from string) ([]string, error) {
	got, err := s.run(ctx, "", "keys", from, page)
	keys := make([]string, 0, len(got))
	for _, k := range got {
		key, ok := k.(string)
		if !ok {
			return nil, tokens.ErrCorrupt
		}
		keys = append(keys, key)
	}
	return keys, err
}
