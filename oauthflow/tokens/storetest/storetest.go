package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// Run runs the checks as subtests of t, each on a store that open returns. The
// stores of one test may share what they keep.
func Run(t *testing.T, open func(t *testing.T) tokens.Store) {
	t.Run("not found", func(t *testing.T) { testNotFound(t, open(t)) })
	t.Run("compare and swap", func(t *testing.T) { testCompareAndSwap(t, open(t)) })
	t.Run("versions are never given twice", func(t *testing.T) { testVersions(t, open(t)) })
	t.Run("delete by version", func(t *testing.T) { testDeleteVersion(t, open(t)) })
	t.Run("content", func(t *testing.T) { testContent(t, open(t)) })
	t.Run("one winner", func(t *testing.T) { testOneWinner(t, open(t)) })
	t.Run("no lost update", func(t *testing.T) { testNoLostUpdate(t, open(t)) })
	t.Run("context", func(t *testing.T) { testContext(t, open(t)) })
	t.Run("keys", func(t *testing.T) { testKeys(t, open(t)) })
}

func newKey() string { return "storetest/" + rand.Text() }

func save(t *testing.T, s tokens.Store, key, data string, version int64) int64 {
	t.Helper()
	v, err := s.Save(t.Context(), key, tokens.Record{Data: []byte(data), Version: version})
	if err != nil {
		t.Fatalf("save at version %d: %v", version, err)
	}
	if v <= 0 || v == version {
		t.Fatalf("save at version %d gave version %d; want another positive one", version, v)
	}
	return v
}

func wantConflict(t *testing.T, s tokens.Store, key string, version int64) {
	t.Helper()
	_, err := s.Save(t.Context(), key, tokens.Record{Data: []byte("intruder"), Version: version})
	if !errors.Is(err, tokens.ErrConflict) {
		t.Errorf("save at version %d: %v; want ErrConflict", version, err)
	}
}

func wantRecord(t *testing.T, s tokens.Store, key, data string, version int64) {
	t.Helper()
	r, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if string(r.Data) != data || r.Version != version {
		t.Errorf("load gave %d bytes, version %d; want %d bytes, version %d", len(r.Data), r.Version, len(data), version)
	}
}

func testNotFound(t *testing.T, s tokens.Store) {
	key := newKey()
	if _, err := s.Load(t.Context(), key); !errors.Is(err, tokens.ErrNotFound) {
		t.Errorf("load: %v; want ErrNotFound", err)
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Errorf("delete of nothing: %v", err)
	}
	wantConflict(t, s, key, 1)
	if _, err := s.Load(t.Context(), key); !errors.Is(err, tokens.ErrNotFound) {
		t.Errorf("load after a conflict: %v; want ErrNotFound", err)
	}
}

func testCompareAndSwap(t *testing.T, s tokens.Store) {
	key := newKey()
	first := save(t, s, key, "one", 0)
	wantRecord(t, s, key, "one", first)
	wantConflict(t, s, key, 0)
	wantConflict(t, s, key, first+1_000)
	wantRecord(t, s, key, "one", first)
	second := save(t, s, key, "two", first)
	wantConflict(t, s, key, first)
	wantRecord(t, s, key, "two", second)
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatalf("delete: %v", err)
	}
	wantConflict(t, s, key, second)
}

func testVersions(t *testing.T, s tokens.Store) {
	key, seen := newKey(), map[int64]bool{}
	for range 3 {
		var v int64
		for range 4 {
			v = save(t, s, key, "x", v)
			if seen[v] {
				t.Fatalf("version %d was given twice", v)
			}
			seen[v] = true
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatalf("delete: %v", err)
		}
	}
}

func testDeleteVersion(t *testing.T, s tokens.Store) {
	d, ok := s.(tokens.VersionDeleter)
	if !ok {
		t.Skip("the store is no VersionDeleter")
	}
	key := newKey()
	if err := d.DeleteVersion(t.Context(), key, 1); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("the store wraps one that is no VersionDeleter")
	} else if err != nil {
		t.Errorf("delete of nothing: %v", err)
	}
	first := save(t, s, key, "one", 0)
	second := save(t, s, key, "two", first)
	for _, version := range []int64{first, second + 1_000} {
		if err := d.DeleteVersion(t.Context(), key, version); !errors.Is(err, tokens.ErrConflict) {
			t.Errorf("delete of version %d: %v; want ErrConflict", version, err)
		}
	}
	wantRecord(t, s, key, "two", second)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.DeleteVersion(ctx, key, second); !errors.Is(err, context.Canceled) {
		t.Errorf("delete under a cancelled context: %v", err)
	}
	wantRecord(t, s, key, "two", second)
	if err := d.DeleteVersion(t.Context(), key, second); err != nil {
		t.Fatalf("delete: %v", err)
	}
	if _, err := s.Load(t.Context(), key); !errors.Is(err, tokens.ErrNotFound) {
		t.Errorf("load after a delete: %v; want ErrNotFound", err)
	}
	wantConflict(t, s, key, second)
}

func testContent(t *testing.T, s tokens.Store) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, key := range []string{newKey(), newKey() + "/ä 用户 '\"%_\\", strings.Repeat("k", 460) + newKey()} {
		var version int64
		for _, data := range [][]byte{every, bytes.Repeat(every, 400), []byte("{}")} {
			mine := bytes.Clone(data)
			v, err := s.Save(t.Context(), key, tokens.Record{Data: mine, Version: version})
			if err != nil {
				t.Fatalf("save %d bytes: %v", len(data), err)
			}
			version = v
			clear(mine)
			wantRecord(t, s, key, string(data), version)
			r, err := s.Load(t.Context(), key)
			if err != nil {
				t.Fatalf("load: %v", err)
			}
			clear(r.Data)
			wantRecord(t, s, key, string(data), version)
		}
	}
}

// testOneWinner lets many savers meet at one version.
func testOneWinner(t *testing.T, s tokens.Store) {
	key := newKey()
	var version int64
	for round := range 10 {
		var wins, next atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				v, err := s.Save(t.Context(), key, tokens.Record{Data: fmt.Appendf(nil, "%d %d", round, i), Version: version})
				switch {
				case err == nil:
					wins.Add(1)
					next.Store(v)
				case !errors.Is(err, tokens.ErrConflict):
					t.Errorf("save: %v; want success or ErrConflict", err)
				}
			})
		}
		wg.Wait()
		if wins.Load() != 1 {
			t.Fatalf("round %d: %d savers won; want 1", round, wins.Load())
		}
		version = next.Load()
	}
}

// testNoLostUpdate lets many writers count together.
func testNoLostUpdate(t *testing.T, s tokens.Store) {
	const writers, each = 4, 10
	key := newKey()
	save(t, s, key, "", 0)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for done := 0; done < each; {
				r, err := s.Load(t.Context(), key)
				if err != nil {
					t.Errorf("load: %v", err)
					return
				}
				r.Data = append(bytes.Clone(r.Data), 'x')
				switch _, err = s.Save(t.Context(), key, r); {
				case err == nil:
					done++
				case !errors.Is(err, tokens.ErrConflict):
					t.Errorf("save: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	r, err := s.Load(t.Context(), key)
	if err != nil || len(r.Data) != writers*each {
		t.Errorf("%d updates are left of %d (%v)", len(r.Data), writers*each, err)
	}
}

func testContext(t *testing.T, s tokens.Store) {
	key := newKey()
	version := save(t, s, key, "one", 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Load(ctx, key); !errors.Is(err, context.Canceled) {
		t.Errorf("load under a cancelled context: %v", err)
	}
	if _, err := s.Save(ctx, key, tokens.Record{Data: []byte("two"), Version: version}); !errors.Is(err, context.Canceled) {
		t.Errorf("save under a cancelled context: %v", err)
	}
	if err := s.Delete(ctx, key); !errors.Is(err, context.Canceled) {
		t.Errorf("delete under a cancelled context: %v", err)
	}
	wantRecord(t, s, key, "one", version)
}

func testKeys(t *testing.T, s tokens.Store) {
	l, ok := s.(tokens.KeyLister)
	if !ok {
		t.Skip("the store is no KeyLister")
	}
	prefix := newKey() + "_%/"
	var want []string
	for i := range 1_203 { // more than any sensible page
		want = append(want, fmt.Sprintf("%s%s%d", prefix, []string{"A", "a", "ä", "z"}[i%4], i))
	}
	slices.Sort(want)
	for _, key := range want {
		save(t, s, key, "x", 0)
	}
	save(t, s, strings.ReplaceAll(prefix, "_", "x")+"other", "x", 0)
	save(t, s, strings.ToUpper(prefix)+"other", "x", 0)
	var got []string
	for key, err := range l.Keys(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("keys: %v", err)
		}
		got = append(got, key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("keys: got %d keys, want %d in byte order", len(got), len(want))
	}
	n := 0
	for range l.Keys(t.Context(), prefix) {
		if n++; n == 2 {
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range l.Keys(ctx, prefix) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("keys under a cancelled context: %v", last)
	}
}
